// Light, dark, or as the system is; the server draws the next page in what was chosen.
const dark = matchMedia("(prefers-color-scheme: dark)");

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const root = document.documentElement;
  const isDark = root.dataset.theme === "dark" || (root.dataset.theme === "auto" && dark.matches);
  root.dataset.theme = isDark ? "light" : "dark";
  document.cookie = `proofroom_theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
});
