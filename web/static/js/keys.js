// Single keys. An element with data-key="a" is clicked (a text field: focused) when that key is pressed outside of
// fields; one inside of a [data-item] only while that item has the focus. J and K go through the items, ? lists the keys.
// While a dialog is open only its own keys count. People can switch them off, for tools that type by voice.
const OFF = "proofroom-keys-off";
const TYPING = "textarea, select, [contenteditable]:not([contenteditable='false']), input:not([type='checkbox'], [type='radio'], [type='button'], [type='submit'])";
const PRESSED = "button, summary, input"; // Space and Enter are theirs
const NAMES = { " ": "Space", Escape: "Esc" };

const room = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document;
const itemOf = (element) => element?.closest("[data-item]") ?? null;
const items = () => [...room().querySelectorAll("[data-item]")].filter((item) => item.checkVisibility());
const usable = (element) => element.checkVisibility() && !element.disabled;
let latest = 0;

function owner(key) {
  const here = itemOf(document.activeElement);
  const named = [...room().querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(usable);
  return named.find((each) => itemOf(each) && itemOf(each) === here) ?? named.find((each) => !itemOf(each));
}

/** Take the focus to the item so many places on; to the one where it was last, when it is nowhere. */
export function move(step) {
  const all = items();
  if (!all.length) return;
  const at = all.indexOf(itemOf(document.activeElement));
  const next = all[Math.min(Math.max(at < 0 ? latest : at + step, 0), all.length - 1)];
  (next.matches("a, [tabindex]") ? next : next.querySelector("a[href]"))?.focus();
  next.scrollIntoView({ block: "nearest" });
}

function press(event) {
  const { target } = event;
  const key = event.key.length === 1 && !event.shiftKey ? event.key.toLowerCase() : event.key; // whatever Caps Lock says
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (localStorage.getItem(OFF) || target.closest?.(TYPING)) return;
  if ((key === " " || key === "Enter") && target.closest?.(PRESSED)) return;
  if (key === "Enter" && target.closest?.("a")) return;
  const moving = { j: 1, k: -1 }[key];
  if (moving && items().length) {
    event.preventDefault();
    return move(moving);
  }
  const found = owner(key);
  if (!found && key !== "?") return;
  event.preventDefault();
  if (event.repeat) return;
  if (!found) help();
  else if (found.matches(TYPING)) found.focus();
  else found.click();
}

function known() {
  const all = [...document.querySelectorAll("[data-key]")].filter(usable);
  const moves = items().length ? [["j", "Next"], ["k", "Previous"], ["Enter", "Open"]] : [];
  const named = all.map((each) => [each.dataset.key, each.dataset.keyLabel ?? each.textContent.trim()]);
  return new Map([...moves, ...named, ["?", "This list"]]);
}

function named(key) {
  if (/^\p{Lu}$/u.test(key)) return `Shift ${key}`;
  return NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function help() {
  if (room() !== document) return;
  const lines = [...known()].flatMap(([key, label]) => [
    element("dt", {}, element("kbd", {}, named(key))),
    element("dd", {}, label),
  ]);
  const used = element("input", { type: "checkbox", checked: !localStorage.getItem(OFF) });
  used.addEventListener("change", () => (used.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
  const close = element("button", { type: "submit", className: "primary", autofocus: true }, "Close");
  const dialog = element(
    "dialog",
    { className: "keys-help" },
    element(
      "form",
      { method: "dialog" },
      element("h2", { id: "keys-help" }, "Keys"),
      element("dl", { className: "facts" }, ...lines),
      element("label", { className: "check" }, used, "Use these keys"),
      element("div", { className: "row row-end" }, close),
    ),
  );
  dialog.setAttribute("aria-labelledby", "keys-help");
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", press);
document.addEventListener("focusin", (event) => {
  const at = items().indexOf(itemOf(event.target));
  if (at >= 0) latest = at;
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys-help]")) help();
});
