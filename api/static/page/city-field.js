import {citiesLike} from "./event-query.js";
import {folded} from "./folding.js";
import {get, query} from "./api.js";
import {h} from "./dom.js";
import {number, t} from "./i18n.js";

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
    role: "combobox",
    value,
    autocomplete: "off",
    "aria-expanded": "false",
    "aria-controls": id,
    "aria-autocomplete": "list",
  });
  let options = [];
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
  const choose = (city) => {
    input.value = city;
    open(false);
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
          h("span", {}, city),
          h("span.soft.small.numbers", {}, number(count)),
        ),
      ),
    );
    open(options.length > 0 && document.activeElement === input);
  };
  const suggest = async () => {
    const now = ++asked;
    const {items} = await get(`/eventos/cidades${query({q: input.value.trim(), limit: 50})}`).catch(() => ({
      items: [],
    }));
    if (now !== asked) return;
    options = citiesLike(items, input.value);
    draw();
  };
  const typed = () => {
    clearTimeout(typing);
    typing = setTimeout(() => void suggest(), TYPING_MS);
    if (!input.value.trim()) onChosen("");
  };
  const settle = () => {
    const wanted = folded(input.value);
    const same =
      options.find(({city}) => folded(city) === wanted) ??
      (wanted && options.length === 1 ? options[0] : null);
    if (same) choose(same.city);
    else (open(false), onChosen(input.value.trim()));
  };
  const key = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) return void suggest();
      mark((at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (at >= 0) choose(options[at].city);
      else settle();
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      open(false);
    }
  };
  for (const [name, listener] of Object.entries({input: typed, focus: suggest, blur: settle, keydown: key}))
    input.addEventListener(name, listener);
  return {
    input,
    element: h("div.combo", {}, input, list),
    set: (city) => (input.value = city),
    label: t("events.city"),
  };
}
