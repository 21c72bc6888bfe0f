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
// What refreshes itself ([data-waits]) leaves an open dialog alone, and makes up for it when that closes.
let late = null;
document.addEventListener("htmx:beforeRequest", (event) => {
  if ("waits" in event.target.dataset && document.querySelector("dialog[open]")) {
    event.preventDefault();
    late = event.target;
  }
});
document.addEventListener("close", () => {
  if (late?.isConnected) htmx.trigger(late, "live:reopened");
  late = null;
}, true);
// What went wrong is said in the page's notices, which lie beneath an open dialog: they come into it for as long as it is open.
const notices = document.getElementById("notices");
document.addEventListener("htmx:responseError", (event) => event.target.closest("dialog[open]")?.append(notices));
document.addEventListener("close", (event) => event.target.contains(notices) && document.body.append(notices), true);
