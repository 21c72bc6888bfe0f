// What is typed and not sent yet survives a reload, a closed tab and a lost connection: kept in this browser, for this
// person and this review, until a decision is taken or the words are dropped.
import { settle } from "./editor.js";
import { another } from "./picture.js";

const PREFIX = "proofroom-unsent:";
const DAYS = 30;
const room = () => document.getElementById("review");
const key = () => `${PREFIX}${document.body.dataset.user}:${room().dataset.review}`;
const fields = () => [...document.querySelectorAll("[data-unsent]")];
const editor = () => document.getElementById("editor");
// What was sent and refused is in the page as the server gave it back, and still unsent.
const unsent = (field) => (editor()?.contains(field) ? editor().hasAttribute("data-edited") || field.value !== field.defaultValue : field.value !== "");

function stored() {
  try {
    return JSON.parse(localStorage.getItem(key()));
  } catch {
    return null;
  }
}

function keep() {
  const words = Object.fromEntries(fields().filter(unsent).map((each) => [each.id, each.value]));
  if (Object.keys(words).length) localStorage.setItem(key(), JSON.stringify({ at: Date.now(), seen: room().dataset.seen, words }));
  else localStorage.removeItem(key());
}

function restore() {
  const found = stored();
  if (!found) return;
  const left = document.getElementById("left-over");
  if (left && found.words.content) {
    left.querySelector("textarea").value = found.words.content;
    left.hidden = false;
  }
  let back = 0;
  for (const [id, words] of Object.entries(found.words)) {
    const field = document.getElementById(id);
    if (!field || words === field.value) continue;
    field.value = words;
    another();
    back += 1;
  }
  if (!back) return;
  const note = document.getElementById("unsent");
  const time = note.querySelector("[data-unsent-time]");
  time.dateTime = new Date(found.at).toISOString();
  time.textContent = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", ...(Date.now() - found.at > 43_200_000 && { day: "numeric", month: "short" }) }).format(found.at);
  note.querySelector("[data-unsent-older]").hidden = found.seen === room().dataset.seen;
  note.hidden = false;
  if (fields().some((each) => editor()?.contains(each) && unsent(each))) {
    editor().open = true;
    document.getElementById("content").dispatchEvent(new Event("input", { bubbles: true }));
  }
  settle();
}

function drop() {
  localStorage.removeItem(key());
  for (const field of fields()) field.value = field.defaultValue;
  for (const each of document.querySelectorAll("#unsent, #left-over")) each.hidden = true;
  document.getElementById("content")?.dispatchEvent(new Event("input", { bubbles: true }));
}

function sweep() {
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(PREFIX))) {
    const at = JSON.parse(localStorage.getItem(name) ?? "{}").at ?? 0;
    if (Date.now() - at > DAYS * 86_400_000) localStorage.removeItem(name);
  }
}

document.addEventListener("input", (event) => {
  if (event.target.closest("[data-unsent]")) keep();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-unsent-drop]")) drop();
  if (event.target.closest("[data-unsent-keep]")) document.getElementById("unsent").hidden = true;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const { pathInfo, xhr } = event.detail;
  const taken = pathInfo?.requestPath.includes("/decision") && /^\/(reviews|inbox)/.test(xhr?.getResponseHeader("HX-Redirect") ?? "");
  if (taken) localStorage.removeItem(key());
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "comments") keep();
});
sweep();
restore();
