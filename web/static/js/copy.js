// [data-copy="id"] copies the text of that element; the button is hidden where scripts are off.
import { say } from "./notices.js";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    say("Copied.");
  });
}
