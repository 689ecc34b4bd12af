import {connect} from "/client/fasttrack.js";
import {h, icon, ICONS} from "./dom.js";
import {moment} from "./format.js";
import {popover} from "./popover.js";
import {announce} from "./tell.js";

const KEPT = 50;

/** The bell of administrators. @param {HTMLElement} place */
export function notifications(place) {
  const badge = h("span.badge.numbers", {hidden: true});
  const items = h("div");
  const none = h("p.soft.small", {t: "notices.none"});
  let unread = 0;
  const show = (count) => {
    unread = count;
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
  };
  popover(place, h("button.quiet.icon", {type: "button"}, icon(ICONS.bell), h("span.unseen", {t: "notices.title"}), badge),
    [h("h2", {t: "notices.title"}), none, items], () => show(0));
  const take = (notice) => {
    none.hidden = true;
    items.prepend(noticeOf(notice));
    if (items.childElementCount > KEPT) items.lastElementChild.remove();
    show(unread + 1);
    announce("notices.unread", {count: unread});
  };
  return connect("admin", {onMessage: take});
}

function noticeOf({severity, title, message, actor, at}) {
  return h("div.notice", {"data-severity": severity}, h("strong", {}, title), h("span", {}, message),
    h("span.soft.small", {}, [actor, moment(at)].filter(Boolean).join(" · ")));
}
