import {citiesLike, LONGEST_SEARCH} from "./event-query.js";
import {folded} from "./folding.js";
import {get, query} from "./api.js";
import {h} from "./dom.js";
import {number} from "./i18n.js";

const TYPING_MS = 120;

/**
 * A field for a city that finds "Recife" from "recif": the cities that there are, as one types.
 * Source: WAI-ARIA APG, "Editable combobox with list autocomplete".
 *
 * @param {{value: string, onChosen: (city: string) => void}} about `onChosen` gets "" for any city.
 */
export function cityField({value, onChosen}) {
  const id = `cities-${Math.random().toString(36).slice(2, 8)}`;
  const list = h("ul.options", {id, role: "listbox", label: "events.cities", hidden: true});
  const input = h("input", {
    type: "search",
    dir: "auto",
    role: "combobox",
    value,
    autocomplete: "off",
    maxlength: LONGEST_SEARCH,
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
  });
  let options = [];
  /** The text that the options are for. @type {string | null} */
  let optionsFor = null;
  /** The city that was last chosen or shown: what was typed beyond it waits. */
  let settled = value;
  let at = -1;
  let typing = 0;
  let asked = 0;
  const open = (isOpen) => {
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) mark(-1);
  };
  const mark = (next) => {
    at = next;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    input.setAttribute("aria-activedescendant", at >= 0 ? `${id}-${at}` : "");
    list.children[at]?.scrollIntoView({block: "nearest"});
  };
  /** Show a city; what was asked for it is over. */
  const set = (city) => {
    clearTimeout(typing);
    asked += 1;
    input.value = settled = city;
    open(false);
  };
  const choose = (city) => {
    set(city);
    onChosen(city);
  };
  const draw = () => {
    list.replaceChildren(
      ...options.map(({city, count}, place) =>
        h(
          "li.option",
          {
            id: `${id}-${place}`,
            role: "option",
            onpointerdown: (event) => (event.preventDefault(), choose(city)),
          },
          h("bdi", {}, city),
          h("span.soft.small.numbers", {}, number(count)),
        ),
      ),
    );
    mark(-1);
    open(options.length > 0 && document.activeElement === input);
  };
  const suggest = async () => {
    const now = ++asked;
    const text = input.value.trim();
    const {items} = await get(`/eventos/cidades${query({q: text, limit: 50})}`).catch(() => ({items: []}));
    if (now !== asked) return;
    [options, optionsFor] = [citiesLike(items, text), text];
    draw();
  };
  const typed = () => {
    clearTimeout(typing);
    mark(-1);
    typing = setTimeout(() => void suggest(), TYPING_MS);
    if (input.value.trim() || !settled) return;
    settled = "";
    onChosen("");
  };
  /** Take what was typed as the city that it names, or the only one that it may mean. */
  const settle = async () => {
    clearTimeout(typing);
    const text = input.value.trim();
    const isWanted = () => input.value.trim() === text && text !== settled;
    // Those of an earlier text say nothing about this one.
    while (isWanted() && optionsFor !== text) await suggest();
    if (!isWanted()) return open(false);
    const wanted = folded(text);
    const one =
      options.find(({city}) => folded(city) === wanted) ?? (options.length === 1 ? options[0] : null);
    choose(one?.city ?? text);
  };
  const left = () => {
    open(false);
    // Let a click that takes the keyboard away do its work first: the list that it meets is the one seen.
    afterPress(() => void settle());
  };
  const key = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return void suggest();
      mark((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at >= 0) choose(options[at].city);
      else void settle();
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      open(false);
    }
  };
  for (const [name, listener] of Object.entries({input: typed, focus: suggest, blur: left, keydown: key}))
    input.addEventListener(name, listener);
  return {
    input,
    element: h("div.combo", {}, input, list),
    /** Show what the address says; what is typed beyond it waits, unless somebody went elsewhere. */
    show: (city, {isNew}) => (isNew || city !== settled) && set(city),
  };
}

/** Whether a pointer is down, and what waits until it has done its work. @type {(() => void)[] | null} */
let waiting = null;

/** Run once a press that is under way has become its click; at once where there is none. */
const afterPress = (run) => (waiting ? waiting.push(run) : run());

function released() {
  const ready = waiting ?? [];
  // The click comes right after the release.
  setTimeout(() => ready.forEach((run) => run()));
  waiting = null;
}

addEventListener("pointerdown", () => (waiting ??= []), true);
for (const end of ["pointerup", "pointercancel", "dragend"]) addEventListener(end, released, true);
