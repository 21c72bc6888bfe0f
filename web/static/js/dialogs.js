// <a href="#id" data-dialog="id"> opens the <dialog id="id">, which [data-close] or a click beside it closes. Without
// this script the link leads to the dialog, and components.css shows it where it stands.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialog).showModal();
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) {
    event.preventDefault();
    dialog.close();
  }
});
// What went wrong is said in the page's notices, which lie beneath an open dialog; what was typed stays in it.
document.addEventListener("htmx:responseError", (event) => {
  event.target.closest("dialog[open]")?.close();
});
