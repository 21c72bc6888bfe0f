// [data-copy="id"] copies the text of that element; the button is hidden where scripts are off.
import { say } from "./notices.js";

function offer(place) {
  for (const button of place.querySelectorAll("[data-copy]")) button.hidden = false;
}

offer(document);
document.addEventListener("htmx:afterSwap", (event) => offer(event.target));
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text.textContent.trim());
    say("Copied.");
  } else {
    // Without TLS browsers give no clipboard to scripts.
    getSelection().selectAllChildren(text);
    say("It is selected: copy it with Ctrl+C.");
  }
});
