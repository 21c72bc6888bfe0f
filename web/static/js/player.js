// A recording with what is said in it: [data-seek] plays from there, up to [data-until] where there is one; the
// sentence that is heard is marked. An address that ends in #at=12.5 begins there.
let until = Infinity;
const player = () => document.getElementById("player");

document.addEventListener("click", (event) => {
  const asked = event.target.closest("[data-seek]");
  if (!asked || !player()) return;
  until = Number(asked.dataset.until ?? Infinity);
  player().currentTime = Number(asked.dataset.seek);
  player().play();
});
// Media events do not bubble.
document.addEventListener("timeupdate", ({ target }) => {
  if (target.currentTime >= until) {
    target.pause();
    until = Infinity;
  }
  const passed = [...document.querySelectorAll("[data-transcript] [data-seek]")].filter((each) => Number(each.dataset.seek) <= target.currentTime);
  const now = passed.at(-1);
  for (const each of document.querySelectorAll("[data-transcript] [aria-current]")) if (each !== now) each.removeAttribute("aria-current");
  now?.setAttribute("aria-current", "true");
}, true);

const wanted = /^#at=([\d.]+)$/.exec(location.hash);
if (wanted && player()) {
  player().addEventListener("seeked", () => document.querySelector("[data-transcript] [aria-current]")?.scrollIntoView({ block: "center" }), { once: true });
  player().currentTime = Number(wanted[1]);
}
