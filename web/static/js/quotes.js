// A quote in the text and the finding that it belongs to light up together; a quote below the fold unfolds it.
function light(names) {
  for (const each of document.querySelectorAll("[data-quote], [data-criterion], .note")) {
    const own = each.dataset.quote?.split(" ") ?? [each.dataset.criterion ?? each.id.replace("quote-", "")];
    each.classList.toggle("lit", own.some((name) => names.includes(name)));
  }
}

function under(target) {
  const found = target.closest?.("mark[data-quote], [data-criterion], .note");
  if (!found) return [];
  return found.dataset.quote?.split(" ") ?? [found.dataset.criterion ?? found.id.replace("quote-", "")];
}

document.addEventListener("pointerover", (event) => light(under(event.target)));
document.addEventListener("focusin", (event) => light(under(event.target)));
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-quote-link]");
  if (!link) return;
  document.getElementById("with-findings").checked = true;
  for (const fold of document.querySelectorAll("#preview .see-more")) fold.open = true;
});
