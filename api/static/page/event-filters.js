import {cityField} from "./city-field.js";
import {LAST_DAY} from "./date-input.js";
import {FILTERS, LONGEST_SEARCH, SORTS, WHEN, whenOf} from "./event-query.js";
import {folded} from "./folding.js";
import {field, h, select} from "./dom.js";
import {VENUE_TYPES} from "./venue-types.js";

/**
 * What the list shows: which events, in which order, as a list or on a calendar.
 *
 * @param {(changes: Record<string, string>, how: {typed: boolean}) => void} onChange Members of the address.
 */
export function eventFilters(onChange) {
  const typed =
    (name) =>
    ({target}) =>
      onChange({[name]: target.value}, {typed: true});
  const chosen =
    (name) =>
    ({target}) =>
      onChange({[name]: target.value}, {typed: false});
  const city = cityField({value: "", onChosen: (value) => onChange({city: value}, {typed: false})});
  const controls = {
    q: h("input", {type: "search", dir: "auto", maxlength: LONGEST_SEARCH, oninput: typed("q")}),
    city: city.input,
    from: h("input", {type: "date", max: LAST_DAY, onchange: chosen("from")}),
    to: h("input", {type: "date", max: LAST_DAY, onchange: chosen("to")}),
    venue_type: h(
      "select",
      {onchange: chosen("venue_type")},
      h("option", {value: "", t: "events.any"}),
      ...VENUE_TYPES.map((name) => h("option", {value: name}, name)),
    ),
    sort: select(SORTS, {onchange: chosen("sort")}),
  };
  const when = segments("when", WHEN, (value) =>
    onChange({when: value, from: "", to: "", upload_id: ""}, {typed: false}),
  );
  const layout = segments("layout", ["list", "month"], (value) =>
    onChange({layout: value === "list" ? "" : value}, {typed: false}),
  );
  const names = {
    q: "events.search",
    from: "events.from",
    to: "events.to",
    venue_type: "events.venue",
    sort: "events.sort",
  };
  const cityElement = field("events.city", city.input);
  // The list of cities hangs from the control, not from a place below it.
  city.input.replaceWith(city.element);
  city.element.prepend(city.input);
  const clear = h("button.quiet", {
    type: "button",
    t: "events.clear",
    onclick: () => onChange(Object.fromEntries(FILTERS.map((name) => [name, ""])), {typed: false}),
  });
  const element = h(
    "div.stack",
    {role: "search"},
    h("div.row.between", {}, when.element, layout.element),
    h(
      "div.fields.filters",
      {},
      field(names.q, controls.q),
      cityElement,
      ...["from", "to", "venue_type", "sort"].map((name) => field(names[name], controls[name])),
    ),
  );
  /**
   * Show what the address says: another address also takes the place of what is being typed.
   *
   * @param {{isNew?: boolean}} [how] `isNew`: somebody went there.
   */
  const show = (params, isNarrowed, {isNew = false} = {}) => {
    for (const [name, control] of Object.entries(controls)) {
      if (!isNew && control === document.activeElement) continue;
      if (name === "city") city.show(params.city ?? "", {isNew});
      else if (name === "venue_type") showOption(control, venueTypeOf(params[name] ?? ""));
      else if (name === "sort") showOption(control, params[name] ?? "");
      else control.value = params[name] ?? "";
    }
    when.show(whenOf(params));
    layout.show(params.layout || "list");
    // A month says itself when it is.
    const isMonth = params.layout === "month";
    for (const control of [
      when.element,
      ...[controls.from, controls.to, controls.sort].map(({parentElement}) => parentElement),
    ])
      control.hidden = isMonth;
    clear.hidden = !isNarrowed;
  };
  return {element, clear, show};
}

/** An address from somebody's hand may say what is no option: the list was asked for that, so it is shown. */
function showOption(control, value) {
  control.querySelector("[data-given]")?.remove();
  const isKnown = [...control.options].some((option) => option.value === value);
  if (!isKnown) control.append(h("option", {value, "data-given": ""}, value));
  control.value = value;
}

/** As the server knows it, which ignores case and accents. @param {string} name */
const venueTypeOf = (name) => VENUE_TYPES.find((known) => folded(known) === folded(name)) ?? name;

/** Buttons of which one is pressed. */
function segments(name, values, onChange) {
  const buttons = values.map((value) =>
    h("button", {
      type: "button",
      "aria-pressed": "false",
      t: `events.${name}.${value}`,
      onclick: () => onChange(value),
    }),
  );
  const show = (current) =>
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(values[at] === current)));
  return {element: h("div.segments", {role: "group", label: `events.${name}`}, ...buttons), show};
}
