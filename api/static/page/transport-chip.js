import {PREFIX} from "./server.js";
import {h} from "./dom.js";
import {isKnown, say, t} from "./i18n.js";
import {popover} from "./popover.js";

const LOOKS = {
  live: "live",
  finished: "live",
  connecting: "busy",
  checking: "busy",
  waiting: "lost",
  unauthorised: "lost",
  forbidden: "lost",
  unknown: "lost",
  refused: "lost",
  closed: "busy",
};

/**
 * Which transport is in use, and why.
 *
 * @param {HTMLElement} place
 * @param {() => void} retry
 * @returns {(status: import("/client/types.js").Status) => void}
 */
export function transportChip(place, retry) {
  const dot = h("span.dot.busy");
  const name = h("span", {"data-transport": "", t: "transport.connecting"});
  const using = h("p", {role: "status"});
  const why = h("p.soft.small");
  const tab = h("p.soft.small");
  const links = h(
    "div.row",
    {},
    h("a.button", {href: `${PREFIX}/diagnose`, t: "transport.diagnose"}),
    h("button", {type: "button", t: "transport.retry", onclick: retry}),
  );
  popover(place, h("button.chip", {type: "button"}, dot, name), [
    h("h2", {t: "transport.title"}),
    using,
    why,
    tab,
    links,
  ]);
  return (status) => {
    dot.className = `dot ${LOOKS[status.state] ?? "busy"}`;
    say(name, status.state === "live" ? `transport.${status.transport}` : `transport.${status.state}`);
    place.dataset.state = status.state;
    place.dataset.using = status.transport;
    say(using, status.state === "live" ? "transport.using" : `transport.${status.state}`, {
      transport: t(`transport.${status.transport}`),
    });
    const reason = `why.${status.reason ?? "first"}`;
    say(why, isKnown(reason) ? reason : "why.first");
    say(tab, status.leader ? "transport.leader" : "transport.follower");
  };
}
