/** Before the first paint: the theme that was chosen, so that nothing flashes. A classic script. */
try {
  const chosen = localStorage.getItem("fasttrack.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is forbidden: the system's theme holds.
}
