// The workflow as it happens: what is stored is drawn by the server again, what is being written comes piece by piece.
const QUIET_MS = 120; // one commit brings several events

const root = () => document.getElementById("workflow");
const written = new Map(); // thread: its text so far
let timer;

function draw() {
  for (const place of document.querySelectorAll("[data-writing]")) {
    // The last pieces may come after the draft itself.
    const text = "now" in place.dataset ? written.get(place.dataset.writing) : "";
    place.hidden = !text;
    place.querySelector("[data-words]").textContent = text ?? "";
  }
}

function refresh() {
  clearTimeout(timer);
  timer = setTimeout(() => htmx.trigger(root(), "refresh"), QUIET_MS);
}

document.body.addEventListener("live:draft.delta", ({ detail }) => {
  written.set(detail.thread_id, (written.get(detail.thread_id) ?? "") + detail.text);
  draw();
});
for (const type of ["draft.created", "thread.status"]) {
  document.body.addEventListener(`live:${type}`, ({ detail }) => written.delete(detail.thread_id));
}
for (const type of document.querySelector("[data-live]").dataset.live.split(" ")) {
  if (type !== "draft.delta") document.body.addEventListener(`live:${type}`, refresh);
}
document.body.addEventListener("live:reopened", refresh);
document.body.addEventListener("htmx:afterSettle", draw);

// What somebody has opened or closed stays so.
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details, dialog"));

// It was started here: the form has nothing to keep any more.
if (location.hash === "#started") {
  localStorage.removeItem(`proofroom-new:${document.body.dataset.user}:${document.body.dataset.workspace}`);
  history.replaceState(null, "", location.pathname);
}
