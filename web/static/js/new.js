// The form for new drafts: what is typed is kept until it is sent, and checked while one types. A link is looked at
// when it is whole: pasted, or left.
import { say } from "./notices.js";

const QUIET_MS = 600;
const form = document.getElementById("new");
const { source } = form.elements;
const kept = `proofroom-new:${document.body.dataset.user}:${document.body.dataset.workspace}`;
const unkept = new Set(["csrf_token", "idempotency_key", "zone"]);
let timer;

// On the first page that somebody sees the server does not know their zone yet.
const zone = document.documentElement.dataset.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
const hint = document.getElementById("schedule_for-hint");
hint.textContent = hint.textContent.replace(form.elements.zone.value, zone);
form.elements.zone.value = zone;

function check(wait) {
  clearTimeout(timer);
  timer = setTimeout(() => htmx.trigger("#check", "check"), wait);
}

function keep() {
  const entries = [...new FormData(form)].filter(([name, value]) => !unkept.has(name) && value);
  if (entries.some(([name]) => name === "source" || name.startsWith("input."))) localStorage.setItem(kept, JSON.stringify(entries));
  else localStorage.removeItem(kept);
}

function fill(entries) {
  for (const field of form.elements) {
    if (!field.name || unkept.has(field.name)) continue;
    const values = entries.filter(([name]) => name === field.name).map(([, value]) => value);
    if (field.type === "checkbox") field.checked = values.includes(field.value);
    else if (values.length) [field.value] = values;
  }
}

async function restore(entries) {
  fill(entries);
  // First the templates that fit the platforms, then the fields of the one that was chosen.
  for (const chosen of ["platforms", "template_id"]) {
    if (!entries.some(([name]) => name === chosen)) return;
    await htmx.ajax("POST", "/new/template", { source: form, target: "#template", swap: "morph" });
    fill(entries);
  }
}

// A page that came of a button can be opened again.
history.replaceState(null, "", form.dataset.address);
document.body.addEventListener("uploaded", ({ detail }) => {
  const take = form.querySelector("[data-take]");
  take.value = detail.id;
  form.requestSubmit(take);
});

const unsent = localStorage.getItem(kept);
if ("fresh" in form.dataset && unsent) {
  restore(JSON.parse(unsent)).then(() => check(0));
  say("What you had typed is back.");
} else if (source.value.trim()) check(0);

form.addEventListener("input", (event) => {
  keep();
  if (event.target !== source) return;
  const link = /^\s*https?:\/\/\S+\s*$/i.test(source.value);
  if (!link || event.inputType === "insertFromPaste") check(link ? 0 : QUIET_MS);
});
form.addEventListener("change", (event) => {
  keep();
  if (event.target === source || "check" in event.target.dataset) check(0);
});
form.addEventListener("reset", () => {
  localStorage.removeItem(kept);
  setTimeout(() => {
    htmx.trigger("[hx-post='/new/template']", "change");
    check(0);
  });
});
// A second click finds the first one under way; the key in the form makes sure of it.
form.addEventListener("submit", (event) => {
  if (!event.submitter?.hasAttribute("formaction")) form.querySelector("[data-start]").textContent = "Starting…";
});
addEventListener("pageshow", () => (form.querySelector("[data-start]").textContent = "Start writing"));
