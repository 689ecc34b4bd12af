import {addressOf} from "./router.js";
import {editEvent} from "./event-dialog.js";
import {h, icon, ICONS} from "./dom.js";
import {currentLanguage, t} from "./i18n.js";
import {venueTime} from "./format.js";

/**
 * One event of the list.
 *
 * @param {any} event
 * @param {{isChosen: boolean, onChoose: (isChosen: boolean) => void, onDelete: () => void}} on
 */
export function eventRow(event, {isChosen, onChoose, onDelete}) {
  const named = (key) => ({"aria-label": t(key, {title: event.title})});
  const box = h("input.for-editors", {
    type: "checkbox",
    checked: isChosen,
    ...named("events.choose"),
    onchange: ({target}) => onChoose(target.checked),
  });
  const tools = h(
    "div.row.for-editors",
    {},
    h(
      "button.quiet.icon",
      {type: "button", ...named("events.editOne"), onclick: () => void editEvent(event)},
      icon(ICONS.edit),
    ),
    h(
      "button.quiet.icon",
      {type: "button", ...named("events.deleteOne"), onclick: onDelete},
      icon(ICONS.trash),
    ),
  );
  return h(
    "div.item.event",
    {"data-item": event.id, "data-event": event.id},
    box,
    dateTile(event.event_date),
    h(
      "div.event-text",
      {},
      h("a.item-title", {href: addressOf("event", {id: event.id}), dir: "auto"}, event.title),
      h("div.item-more", {}, ...factsOf(event)),
    ),
    tools,
  );
}

function dateTile(text) {
  const time = venueTime(text);
  if (!time) return h("div.date-tile", {}, h("span", {}, text));
  return h(
    "time.date-tile",
    {datetime: text, title: text, lang: currentLanguage().tag},
    h("span", {}, time.month),
    h("b", {}, time.day),
    h("span", {}, time.year),
  );
}

function factsOf({event_date: date, city, participants, local_info: venue}) {
  const time = venueTime(date);
  const count = participants?.length ?? 0;
  const facts = [
    time && `${time.weekday} ${time.clock}`,
    city,
    venue?.location_name,
    venue?.venue_type,
    venue && t("events.capacity", {count: venue.capacity}),
    venue?.is_accessible && t("events.accessible"),
    count > 0 && t("events.participants", {count}),
  ].filter(Boolean);
  // Each in its own direction.
  return facts.flatMap((fact, at) => [at > 0 && " · ", h("bdi", {}, fact)]);
}
