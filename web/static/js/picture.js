// A picture that was uploaded for a draft: its public address goes into the row for a new one, and one says what it shows.
// Whenever that row is filled there is another one, up to what the platform takes.
const rows = () => [...document.querySelectorAll("#editor [data-picture]")];
const address = (row) => row.querySelector("[name=media_url]");

export function another() {
  const all = rows();
  const last = all.at(-1);
  if (!last || !address(last).value || all.length >= Number(last.parentElement.dataset.most)) return;
  const next = last.cloneNode(true);
  const number = all.length + 1;
  for (const each of next.querySelectorAll("[data-number]")) each.textContent = number;
  for (const each of next.querySelectorAll("label")) each.htmlFor = each.htmlFor.replace(/\d+$/, number);
  for (const each of next.querySelectorAll("input")) {
    each.id = each.id.replace(/\d+$/, number);
    each.value = each.defaultValue = "";
  }
  last.after(next);
}

document.body.addEventListener("uploaded", ({ detail }) => {
  const { review } = document.getElementById("review").dataset;
  htmx.ajax("POST", `/library/files/${detail.id}/picture?review=${review}`, { swap: "none" });
});
document.body.addEventListener("picture", ({ detail }) => {
  const row = rows().findLast((each) => !address(each).value);
  if (!row) return;
  address(row).value = detail.url;
  address(row).dispatchEvent(new Event("input", { bubbles: true }));
  row.querySelector("[name=alt_text]").focus();
});
document.addEventListener("input", (event) => event.target.closest("[data-picture]") && another());
another();
