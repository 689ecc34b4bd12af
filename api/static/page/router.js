import {t} from "./i18n.js";

/**
 * Addresses inside the page: `#events?city=Recife`, `#event/12`, `#import/abc`, `#tasks/xyz`. The back
 * button, a bookmark and a link sent to somebody else lead to the same place.
 *
 * @typedef {{view: string, id: string | null, params: Record<string, string>}} Route
 * @typedef {{show: (route: Route) => void}} View
 */

/** A name of an address that is a part of a view. */
const SEEN_IN = {event: "events"};

/** @param {string} hash @returns {Route} */
export function parseRoute(hash) {
  const [path, search = ""] = hash.replace(/^#/, "").split("?");
  const [view, ...rest] = path.split("/");
  const id = rest.length ? decoded(rest.join("/")) : null;
  return {view, id, params: Object.fromEntries(new URLSearchParams(search))};
}

/** An address from somebody's hand may hold a lone per cent sign. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} view @param {{id?: string | number | null, params?: Record<string, any>}} [to] */
export function addressOf(view, {id = null, params = {}} = {}) {
  const given = Object.entries(params).filter(
    ([, value]) => value !== "" && value != null && value !== false,
  );
  const search = new URLSearchParams(given).toString();
  return `#${view}${id === null ? "" : `/${encodeURIComponent(id)}`}${search && `?${search}`}`;
}

/** The view that an address leads to; which one it is where an address names none, the page says. */
let viewAt = (hash) => parseRoute(hash).view;

/** Whether a view is what the address shows. @param {string} view */
export const isInFront = (view) => viewAt(location.hash) === view;

/**
 * Change the address without a step of the back button: filters, as they are typed. A view may do so only
 * while it is in front: of an answer that comes once somebody went on, the address is not changed.
 */
export const replaceAddress = (address) => {
  if (address !== location.hash && isInFront(viewAt(address))) history.replaceState(null, "", address);
};

/** Go somewhere, as a click on a link does. */
export const go = (address) => (location.hash = address);

/**
 * Show the view that the address names. Views are built when they are first seen: who only imports does
 * not pay for the dashboard.
 *
 * @param {Record<string, (root: HTMLElement) => View>} build By name.
 * @param {string} first For an address that names none.
 */
export function startViews(build, first) {
  const built = new Map();
  viewAt = (hash) => viewOf(parseRoute(hash).view, build) ?? first;
  const show = () => {
    const route = parseRoute(location.hash);
    const name = viewAt(location.hash);
    for (const other of Object.keys(build)) document.getElementById(`view-${other}`).hidden = other !== name;
    for (const link of document.querySelectorAll("[data-view]")) mark(link, link.dataset.view === name);
    document.title = `${t(`nav.${name}`)} · FastTrack`;
    if (!built.has(name)) built.set(name, build[name](document.getElementById(`view-${name}`)));
    built.get(name).show(viewOf(route.view, build) ? route : {view: name, id: null, params: {}});
  };
  addEventListener("hashchange", show);
  document.querySelector(".skip").addEventListener("click", skipToContent);
  document.addEventListener("language", () => {
    document.title = `${t(`nav.${viewAt(location.hash)}`)} · FastTrack`;
  });
  show();
}

/** An address of its own would name no view: a reload or a bookmark would lead elsewhere. */
function skipToContent(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const viewOf = (name, build) => (name in build ? name : SEEN_IN[name] in build ? SEEN_IN[name] : null);

function mark(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
}
