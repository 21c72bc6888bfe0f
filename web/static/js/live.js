// The workspace's events, as DOM events on the body: `live:review.requested` and the like, `detail` being the payload.
// A page asks for them with data-live="review.requested review.decided" on an element in it; the browser itself
// reconnects and says which event it had last.
import { back, lost } from "./connection.js";

const asking = [...document.querySelectorAll("[data-live]")];
const types = new Set(asking.flatMap((element) => element.dataset.live.split(" ")));

if (types.size) {
  // A page about one workflow names that one's stream, which also has the text as it is written.
  const own = asking.find((element) => element.dataset.liveFrom)?.dataset.liveFrom;
  const address = own ?? `/events?types=${[...types].join(",")}`;
  const source = new EventSource(address);
  let known = Boolean(own); // it begins where the page ends
  for (const type of types) {
    source.addEventListener(type, (event) => {
      document.body.dispatchEvent(new CustomEvent(`live:${type}`, { detail: JSON.parse(event.data) }));
    });
  }
  source.addEventListener("open", () => {
    back();
    // What happened between the drawing of the page, or the end of the last connection, and now.
    if (!known) document.body.dispatchEvent(new CustomEvent("live:reopened"));
    known = false;
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED || !navigator.onLine) lost();
  });
  addEventListener("pagehide", () => source.close());
}
