// A quote in the text and the finding that it belongs to light up together; a quote below the fold unfolds it.
const named = (note) => note.id.replace(/^(quote|in-text)-/, "");

function light(names) {
  for (const each of document.querySelectorAll("[data-quote], [data-claim], [data-criterion], .note")) {
    const own = each.dataset.quote?.split(" ") ?? [each.dataset.claim ?? each.dataset.criterion ?? named(each)];
    each.classList.toggle("lit", own.some((name) => names.includes(name)));
  }
}

function under(target) {
  const found = target.closest?.("mark[data-quote], mark[data-claim], [data-criterion], .note");
  if (!found) return [];
  return found.dataset.quote?.split(" ") ?? [found.dataset.claim ?? found.dataset.criterion ?? named(found)];
}

document.addEventListener("pointerover", (event) => light(under(event.target)));
document.addEventListener("focusin", (event) => light(under(event.target)));
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-quote-link]");
  if (!link) return;
  document.getElementById("with-findings").checked = true;
  for (const fold of document.querySelectorAll("#preview .see-more")) fold.open = true;
});
