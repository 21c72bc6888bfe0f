// Shows which fields a template asks for while its prompt is written. The server says what counts (services/library/templates.py).
const FIELD = /\{([a-z][a-z0-9_]{0,49})\}/g;

for (const prompt of document.querySelectorAll("[data-fields-of]")) {
  const place = document.getElementById(prompt.dataset.fieldsOf);
  const draw = () => {
    const plain = prompt.value.replaceAll("{{", "").replaceAll("}}", "");
    const names = new Set([...plain.matchAll(FIELD)].map((found) => found[1]));
    place.replaceChildren(...[...names].map((name) => {
      const shown = document.createElement("code");
      shown.className = "badge";
      shown.textContent = name;
      return shown;
    }));
    if (!names.size) place.textContent = "nothing yet";
  };
  prompt.addEventListener("input", draw);
  draw();
}
