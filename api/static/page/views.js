import {t} from "./i18n.js";

/** Which view is seen: the one that the fragment of the address names. */

const FIRST = "import";

/**
 * Views are built when they are first seen: nobody pays for the dashboard who only imports.
 *
 * @param {Record<string, (root: HTMLElement) => void>} build By name.
 */
export function startViews(build) {
  const built = new Set();
  const show = () => {
    const asked = location.hash.slice(1);
    // The skip link names no view: it must not leave the one that is seen.
    if (!(asked in build) && built.size && document.getElementById(asked)) return;
    const name = asked in build ? asked : FIRST;
    for (const other of Object.keys(build)) document.getElementById(`view-${other}`).hidden = other !== name;
    for (const link of document.querySelectorAll("[data-view]")) mark(link, link.dataset.view === name);
    document.title = `${t(`nav.${name}`)} · FastTrack`;
    if (built.has(name)) return;
    built.add(name);
    build[name](document.getElementById(`view-${name}`));
  };
  addEventListener("hashchange", show);
  document.addEventListener("language", show);
  show();
}

function mark(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
