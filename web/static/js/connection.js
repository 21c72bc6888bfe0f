// Says when the service cannot be reached. Requests that got no answer change nothing on the page.
const banner = document.getElementById("connection");

export function lost() {
  banner.hidden = false;
}

export function back() {
  banner.hidden = true;
}

addEventListener("offline", lost);
addEventListener("online", back);
document.addEventListener("htmx:sendError", lost);
document.addEventListener("htmx:timeout", lost);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr?.status && navigator.onLine) back(); // else it was answered before the connection was lost
});
