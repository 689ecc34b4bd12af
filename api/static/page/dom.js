import {working} from "./busy.js";
import {say, t} from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element. Text only ever goes in as text: nothing here parses markup.
 *
 * @param {string} tag With classes, as "div.card".
 * @param {Record<string, any>} [attributes] `t` is a key of the dictionary, or [key, params]; `label`
 *   likewise names it for screen readers; `on…` listens; true and false set and leave out.
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return built(document.createElement(tag.split(".")[0]), tag, attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return built(document.createElementNS(SVG, tag.split(".")[0]), tag, attributes, children);
}

function built(element, tag, attributes, children) {
  const classes = tag.split(".").slice(1).join(" ");
  if (classes) element.setAttribute("class", classes);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

function set(element, name, value) {
  if (value === false || value == null) return;
  if (name === "t") say(element, ...[value].flat());
  else if (name === "label") label(element, value);
  else if (name === "onclick" || name === "onsubmit")
    element.addEventListener(name.slice(2), oneAtATime(value));
  else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else element.setAttribute(name, value === true ? "" : value);
}

/**
 * Ignore what a person does while the promise of the last time is under way: a double click on "Save" makes
 * one event, not two. What was pressed shows that it is at work.
 */
function oneAtATime(listener) {
  let isBusy = false;
  return (event) => {
    if (isBusy) return event.preventDefault();
    const done = listener(event);
    if (!(done instanceof Promise)) return;
    isBusy = true;
    const end = working(pressed(event));
    void done.finally(() => {
      isBusy = false;
      end();
    });
  };
}

/** The button that somebody pressed, or that Enter stands for. */
const pressed = ({submitter, currentTarget}) =>
  submitter ?? currentTarget.querySelector("[type=submit]") ?? currentTarget;

function label(element, key) {
  element.dataset.tLabel = key;
  element.setAttribute("aria-label", t(key));
}

/** A labelled control. What stands below it, a hint or a fault, describes it. */
export function field(key, control, ...more) {
  control.id ||= `field-${key}-${Math.random().toString(36).slice(2, 8)}`;
  const notes = more.filter((note) => note && !note.contains(control));
  notes.forEach((note, at) => (note.id ||= `${control.id}-note-${at}`));
  if (notes.length) control.setAttribute("aria-describedby", notes.map(({id}) => id).join(" "));
  return h("div.field", {}, h("label", {t: key, for: control.id}), control, ...more);
}

export function select(options, attributes = {}) {
  return h("select", attributes, ...options.map(([value, key]) => h("option", {value, t: key})));
}

/** Call at most once a frame, with the latest state: a burst of messages is one repaint. */
export function oncePerFrame(paint) {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    // Hidden tabs get no frames, but must be right when they are seen again.
    (document.hidden ? (run) => setTimeout(run, 250) : requestAnimationFrame)(() => {
      planned = false;
      paint();
    });
  };
}

/** A line icon of the page, by its path. */
export function icon(path, size = 20) {
  return svg(
    "svg",
    {
      viewBox: "0 0 24 24",
      width: size,
      height: size,
      "aria-hidden": "true",
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.8,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    },
    svg("path", {d: path}),
  );
}

export const ICONS = {
  upload: "M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3",
  bell: "M6 9a6 6 0 0 1 12 0c0 6 2 7 2 7H4s2-1 2-7m4 11a2 2 0 0 0 4 0",
  sun: "M12 3v2m0 14v2m9-9h-2M5 12H3m15.4-6.4L17 7M7 17l-1.4 1.4m12.8 0L17 17M7 7 5.6 5.6M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0",
  edit: "M4 20h4L19 9l-4-4L4 16zM14 6l4 4",
  trash: "M4 7h16M9 7V4h6v3m-8 0 1 13h8l1-13",
  globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
};
