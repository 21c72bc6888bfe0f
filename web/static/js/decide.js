// Decisions, as people press them: which button it was, what to do when nobody answers, and when another reviewer was
// faster while one looks.
const room = () => document.getElementById("review");
const form = () => document.getElementById("decision");
const deciding = (event) => event.detail.pathInfo?.requestPath.includes("/decision");
let sending = false;

// htmx asks for the button of a form only inside of it; ours are in the editor, too.
document.addEventListener("htmx:configRequest", (event) => {
  const button = event.detail.triggeringEvent?.submitter;
  if (button?.name) event.detail.parameters[button.name] = button.value;
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!deciding(event)) return;
  sending = true;
  document.getElementById("not-sent").hidden = true;
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!deciding(event)) return;
    sending = false;
    for (const sheet of document.querySelectorAll("[popover]:popover-open")) sheet.hidePopover();
    const note = document.getElementById("not-sent");
    note.hidden = false;
    note.scrollIntoView({ block: "center" });
  });
}
document.addEventListener("htmx:afterRequest", (event) => {
  if (deciding(event) && event.detail.xhr?.status !== 204) sending = false;
});

// Words that were asked for are sent as in other places where one writes.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.target.closest("[popover]")?.querySelector("button.primary, button.danger")?.click();
});

// What stood in the way is read first.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id !== "review") return;
  const said = room().querySelector("[role='alert']:not([hidden]), .violations");
  said?.setAttribute("tabindex", "-1");
  said?.focus({ preventScroll: true });
  scrollTo({ top: 0 });
});

document.body.addEventListener("live:review.decided", async (event) => {
  if (sending || !form() || event.detail.review_id !== room().dataset.review) return;
  room().dataset.overtaken = "yes";
  await htmx.ajax("POST", `/reviews/${room().dataset.review}/overtaken${location.search}`, {
    source: form(),
    target: "#overtaken",
    swap: "innerHTML",
  });
  for (const button of document.querySelectorAll(".decide-buttons button, .editor-buttons button, form[popover] button[name]")) button.disabled = true;
  for (const sheet of document.querySelectorAll("[popover]:popover-open")) sheet.hidePopover();
  for (const link of document.querySelectorAll("[data-edit]")) link.remove();
  const reason = document.querySelector("[data-reason]");
  reason.textContent = "Somebody has decided it already: see above.";
  reason.hidden = false;
  document.getElementById("overtaken").scrollIntoView({ block: "nearest" });
});

// A sheet that closes gives the focus back to its button, so that single keys work again at once.
document.addEventListener(
  "beforetoggle",
  ({ target, newState }) => {
    if (newState === "closed" && target.contains(document.activeElement)) document.querySelector(`[popovertarget="${target.id}"]`)?.focus();
  },
  true,
);

// The inbox opens a review right where something is to be typed.
const wanted = location.hash && document.getElementById(location.hash.slice(1));
if (wanted?.popover) wanted.showPopover();
