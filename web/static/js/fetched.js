// <dialog data-fetched>: opens with what htmx puts into it, or with what is behind a link with data-fetch, and closes when
// that is nothing.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-fetch]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  htmx.ajax("GET", link.getAttribute("href"), { target: "dialog[data-fetched]", swap: "innerHTML" });
});

// Not before htmx knows the forms in it: Enter would send them as a plain browser does.
document.addEventListener("htmx:afterSettle", ({ detail: { target: dialog } }) => {
  if (!dialog.matches("dialog[data-fetched]")) return;
  if (!dialog.firstElementChild) return dialog.close();
  if (!dialog.open) dialog.showModal();
  else dialog.querySelector("[autofocus]")?.focus();
});
