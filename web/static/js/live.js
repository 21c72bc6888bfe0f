// The workspace's events, as DOM events on the body: `live:review.requested` and the like, `detail` being the payload.
// A page asks for them with data-live="review.requested review.decided" on an element in it; the browser itself
// reconnects and says which event it had last.
import { back, lost } from "./connection.js";

const asking = [...document.querySelectorAll("[data-live]")];
const types = new Set(asking.flatMap((element) => element.dataset.live.split(" ")));

function follow() {
  // A page about one workflow names that one's stream, which also has the text as it is written.
  const own = asking.find((element) => element.dataset.liveFrom)?.dataset.liveFrom;
  const address = own ?? `/events?types=${[...types].join(",")}`;
  const source = new EventSource(address);
  let opened = false;
  const reopened = () => document.body.dispatchEvent(new CustomEvent("live:reopened"));
  for (const type of types) {
    source.addEventListener(type, (event) => {
      document.body.dispatchEvent(new CustomEvent(`live:${type}`, { detail: JSON.parse(event.data) }));
    });
  }
  // The workspace's stream says where it begins, which is after the page was drawn; a workflow's begins where its page
  // ends. Opened it is before it has begun: to look at what there is then would miss what comes in between.
  source.addEventListener("stream.position", reopened);
  source.addEventListener("open", () => {
    back();
    if (opened) reopened();
    opened = true;
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED || !navigator.onLine) lost();
  });
  addEventListener("pagehide", () => source.close());
}

// Not before every script of the page, and htmx, listens.
if (types.size) addEventListener("DOMContentLoaded", follow);
