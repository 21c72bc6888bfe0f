// The list stays live without moving what is being read, and without losing what is selected or in focus.
import "./fetched.js";
import { say } from "./notices.js";
import "./presence.js";

const BURST = 400; // milliseconds in which changes are gathered
const MOST = 100; // that can be decided at once
const list = () => document.getElementById("inbox");
const rows = () => [...document.querySelectorAll("#items > li")];
const bar = document.getElementById("selection");
let current = null; // the row where the focus is, or was when it went
let order = []; // of the rows, at that time
let above = null; // a row, and where it was before the swap
let due = null;

function refresh() {
  due = null;
  const shown = htmx.ajax("GET", list().dataset.here, { source: list(), target: list(), select: "#inbox", swap: "morph" });
  shown.catch(() => {}); // given up for a longer or another list; what failed is told by htmx's own events
}

// One that had to wait is about the list as it is by then.
document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.elt === list()) detail.path = list().dataset.here;
});

function soon() {
  due ??= setTimeout(refresh, BURST);
}

for (const name of ["live:review.requested", "live:review.decided", "live:reopened"]) {
  document.body.addEventListener(name, soon);
}
document.addEventListener("inbox:changed", ({ detail }) => {
  if (detail.said) say(detail.said);
  refresh();
});

// What people have ticked is theirs, not the server's.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  !(name === "checked" && element.matches("#inbox input"));

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== list()) return;
  const here = document.getElementById(current);
  const shown = here ?? (scrollY ? rows().find((row) => row.getBoundingClientRect().top >= 0) : null);
  above = shown && { id: shown.id, top: shown.getBoundingClientRect().top };
});
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id !== "inbox") return;
  regain();
  const now = above && document.getElementById(above.id);
  if (now) scrollBy({ top: now.getBoundingClientRect().top - above.top, behavior: "instant" });
  count();
});
document.getElementById("dialog").addEventListener("close", regain);

document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.("#items > li");
  if (!row && target.closest?.("dialog")) return;
  current = row?.id ?? null;
  order = rows().map((each) => each.id);
});
document.addEventListener("focusout", ({ target }) => {
  setTimeout(() => {
    if (document.activeElement === document.body && target.isConnected) current = null;
  });
});

/** A row that went takes the focus with it: to the next one, or the one before. */
function regain() {
  if (!current || document.activeElement !== document.body) return;
  const at = order.indexOf(current);
  const next = [...order.slice(at), ...order.slice(0, at).reverse()].find((id) => document.getElementById(id));
  if (next) document.querySelector(`#${CSS.escape(next)} .item-link`).focus({ preventScroll: true });
}

function count() {
  const boxes = [...document.querySelectorAll("#items input[name='review']")];
  const chosen = boxes.filter((box) => box.checked).length;
  const all = document.querySelector("[data-all]");
  if (all) Object.assign(all, { checked: chosen > 0 && chosen === boxes.length, indeterminate: chosen > 0 && chosen < boxes.length });
  for (const button of bar?.querySelectorAll("[data-selected]") ?? []) {
    button.textContent = chosen > MOST ? `At most ${MOST} at once` : button.dataset.selected.replace("{n}", chosen);
    button.disabled = chosen > MOST;
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) {
    for (const box of document.querySelectorAll("#items input[name='review']")) box.checked = target.checked;
  }
  if (target.matches("[data-all], #items input")) count();
  if (target.matches("[data-chooses]")) target.form.elements.due.value = target.dataset.chooses;
});
bar?.addEventListener("reset", () => setTimeout(count));

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-open]");
  const row = document.getElementById(current) ?? rows()[0];
  if (button && row) location.assign(row.querySelector(".item-link").href + button.dataset.open);
});

// An address without what was not chosen.
document.getElementById("filters").addEventListener("htmx:configRequest", ({ detail }) => {
  for (const [name, value] of [...detail.formData]) if (!value) detail.formData.delete(name);
});
count();
