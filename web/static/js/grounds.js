// The sentence of the draft that is pointed at, or has the focus, shows the words of the source that it rests on. One
// sentence is reached with Tab, the others with the arrows; Enter goes to the passage.
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const firsts = () => {
  const seen = new Set();
  return [...document.querySelectorAll("#preview [data-ground]")].filter((each) => {
    if (seen.has(each.dataset.ground) || !each.checkVisibility()) return false;
    return seen.add(each.dataset.ground);
  });
};

function reach(current) {
  for (const each of firsts()) {
    each.setAttribute("role", "button");
    each.setAttribute("aria-describedby", "ground");
    each.tabIndex = each === current ? 0 : -1;
  }
}

function show(name) {
  const shown = document.getElementById("ground");
  const found = document.querySelector(`#${CSS.escape(name)} > blockquote`);
  if (!shown || !found) return;
  for (const each of document.querySelectorAll("#preview [data-ground]")) {
    each.classList.toggle("lit", each.dataset.ground === name);
  }
  if (shown.dataset.shows === name) return;
  shown.dataset.shows = name;
  shown.replaceChildren(found.cloneNode(true));
  shown.hidden = false;
}

function open(link) {
  const passage = document.getElementById(link.hash.slice(1));
  if (!passage) return false;
  const fold = passage.closest("details");
  if (fold) fold.open = true;
  history.replaceState(null, "", link.hash);
  passage.focus();
  passage.scrollIntoView({ block: "center" });
  for (const each of document.querySelectorAll(".passage.lit")) each.classList.remove("lit");
  passage.classList.add("lit");
  return true;
}

function under(event) {
  const found = event.target.closest?.("#preview [data-ground]");
  if (found) show(found.dataset.ground);
  return found;
}

document.addEventListener("pointerover", under);
document.addEventListener("focusin", (event) => {
  const found = under(event);
  if (found) reach(found);
});
document.addEventListener("keydown", (event) => {
  const here = event.target.closest?.("#preview [data-ground]");
  if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
  if (STEPS[event.key]) {
    const all = firsts();
    const next = all[all.indexOf(here) + STEPS[event.key]];
    event.preventDefault();
    next?.focus();
  } else if (event.key === "Enter") {
    event.preventDefault();
    document.querySelector("#ground [data-passage-link]")?.click();
  }
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-passage-link]");
  if (link && open(link)) event.preventDefault();
});
document.addEventListener("htmx:afterSettle", () => reach(firsts()[0]));
reach(firsts()[0]);
