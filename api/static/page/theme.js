import {PREFIX} from "./server.js";

/** Light or dark: the system's, until somebody chooses. */

const dark = matchMedia("(prefers-color-scheme: dark)");

const current = () => document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light");

export function switchTheme() {
  const next = current() === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  // The server writes it into the page, so that nothing flashes before this script runs.
  document.cookie = `ft_theme=${next}; Path=${PREFIX || "/"}; Max-Age=31536000; SameSite=Lax`;
}
