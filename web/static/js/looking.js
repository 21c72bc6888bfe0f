// Says every twenty seconds that somebody is looking, for as long as the page is to be seen, and shows who else is.
const SECONDS = 20;
const room = document.getElementById("review");
const address = `/reviews/${room.dataset.review}/presence`;
const mine = document.body.dataset.user;

function say() {
  if (document.visibilityState === "visible" && navigator.onLine) htmx.ajax("PUT", address, { target: "#viewers", swap: "outerHTML" });
}

function leave() {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  fetch(address, { method: "DELETE", headers, keepalive: true, redirect: "manual" }).catch(() => {});
}

document.body.addEventListener("live:review.presence", (event) => {
  if (event.detail.review_id !== room.dataset.review) return;
  const others = event.detail.viewers.filter((each) => each.user_id !== mine).map((each) => each.username);
  document.getElementById("viewers").textContent = others.length ? `${others.join(", ")} ${others.length === 1 ? "is" : "are"} looking at this too` : "";
});
document.addEventListener("visibilitychange", say);
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => event.persisted && say());
setInterval(say, SECONDS * 1000);
say();
