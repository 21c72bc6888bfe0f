// Who is looking at a review just now, beside the row of that review: #r-<id> with [data-viewers] in it.
document.body.addEventListener("live:review.presence", ({ detail }) => {
  const place = document.querySelector(`#r-${CSS.escape(detail.review_id)} [data-viewers]`);
  const others = detail.viewers.filter((viewer) => viewer.user_id !== document.body.dataset.user);
  place?.replaceChildren(
    ...others.map((viewer) => {
      const badge = document.createElement("span");
      badge.className = "badge badge-accent";
      badge.textContent = `${viewer.username} is looking`;
      return badge;
    }),
  );
});
