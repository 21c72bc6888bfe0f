// Notices go by themselves, problems when somebody has read them.
const SECONDS = 6;
const place = document.getElementById("notices");

function watch(notice) {
  if (notice.dataset.notice !== "stays") setTimeout(() => notice.remove(), SECONDS * 1000);
}

/** Say something in passing. */
export function say(text) {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.notice = "";
  notice.textContent = text;
  place.append(notice);
}

new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.dataset) watch(node);
}).observe(place, { childList: true });
place.addEventListener("click", (event) => {
  if (event.target.closest("[data-dismiss]")) event.target.closest("[data-notice]").remove();
});
for (const notice of place.querySelectorAll("[data-notice]")) watch(notice);
