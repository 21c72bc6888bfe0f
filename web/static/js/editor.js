// The editor opens with E and closes with Escape, the words staying in it. Accepting is for what was not changed.
const editor = () => document.getElementById("editor");
const fields = () => [...document.querySelectorAll("#editor [name]")].filter((each) => each.form && "defaultValue" in each && each.type !== "submit");

export function changed() {
  return editor()?.hasAttribute("data-edited") || fields().some((each) => each.value !== each.defaultValue);
}

/** Fits, and says what can be pressed; to be called after the fields were filled by something else than hands. */
export function settle() {
  const accept = document.querySelector("[data-accept]");
  if (!accept || !editor() || document.getElementById("review").dataset.overtaken) return;
  accept.dataset.refused ??= accept.disabled ? "yes" : "no";
  const dirty = changed();
  accept.disabled = dirty || accept.dataset.refused === "yes";
  const reason = document.querySelector("[data-reason]");
  reason.hidden = !dirty;
  reason.textContent = dirty ? "You have changed the text: press Save and approve below it." : "";
}

/** `part`: of the editor, by its id. */
function open(part = "content") {
  if (!editor()) return;
  editor().open = true;
  const found = document.getElementById(part);
  const field = found.querySelector("input") ?? found;
  field.focus();
  if (field !== found) found.scrollIntoView({ block: "center" });
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close-editor]")) close();
  const opener = event.target.closest("[data-edit]");
  if (!opener) return;
  event.preventDefault();
  open(opener.dataset.edit || undefined);
});
function close() {
  editor().open = false;
  document.querySelector(".decide-buttons [data-edit]")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && event.target.closest("#editor")) close();
});
document.addEventListener("input", (event) => {
  if (event.target.closest("#editor")) settle();
});
document.addEventListener("htmx:afterSettle", settle);
settle();
if (location.hash === "#edit") open();
