// A picture that was uploaded for a draft: its public address goes into the row for a new one, and one says what it shows.
document.body.addEventListener("uploaded", ({ detail }) => {
  htmx.ajax("POST", `/library/files/${detail.id}/picture`, { swap: "none" });
});
document.body.addEventListener("picture", ({ detail }) => {
  const address = [...document.querySelectorAll("#editor [name=media_url]")].findLast((field) => !field.value);
  if (!address) return;
  address.value = detail.url;
  address.dispatchEvent(new Event("input", { bubbles: true }));
  address.closest(".field").querySelector("[name=alt_text]").focus();
});
