import {call, get, post} from "./api.js";
import {working} from "./busy.js";
import {confirmed} from "./confirm.js";
import {h} from "./dom.js";
import {ANSWER_WITHIN_MS, openForm} from "./form-dialog.js";
import {isLost} from "./lost-answers.js";
import {moment} from "./format.js";
import {t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";

/** Filters that a calendar keeps: never those that follow the day. */
const KEPT = ["q", "city", "venue_type"];

/** Secret addresses under which a calendar program reads the events: made, shown once, revoked. */
export function calendarAddress(question) {
  const filters = Object.fromEntries(
    KEPT.filter((name) => question[name]).map((name) => [name, question[name]]),
  );
  const list = h("div.items");
  const made = h("div");
  /** @type {number | null} Whose address is shown. */
  let shown = null;
  /** Those of the list; null until it was read. @type {any[] | null} */
  let known = null;
  /** @returns {Promise<boolean>} Whether the list could be read. */
  const reload = async () => {
    const end = working(list);
    const page = await get("/calendars", {withinMs: ANSWER_WITHIN_MS}).catch(toastFault).finally(end);
    if (!page) return false;
    known = page.items;
    list.replaceChildren(...known.map((calendar) => itemOf(calendar, revoked)));
    // What was revoked is no address to copy any more.
    if (!known.some(({id}) => id === shown)) made.replaceChildren();
    return true;
  };
  /** Its button is gone, and the keyboard with it. */
  const revoked = async () => {
    await reload();
    make.focus();
  };
  const create = () =>
    form.store(async () => {
      const before = known && new Set(known.map(({id}) => id));
      try {
        const calendar = await post("/calendars", {json: {filters}, withinMs: ANSWER_WITHIN_MS});
        shown = calendar.id;
        made.replaceChildren(shownOnce(calendar.url));
        await reload();
      } catch (fault) {
        if (!isLost(fault)) return toastFault(fault);
        // It cannot be sent again as if nothing had been: each time makes another address.
        const isRead = (await reload()) && before;
        const isMade = isRead && known.some(({id}) => !before.has(id));
        toast(t(`calendar.lost.${isRead ? (isMade ? "made" : "missing") : "unknown"}`));
      }
    });
  const make = h("button.primary", {type: "button", t: "calendar.make", onclick: create});
  const about = Object.values(filters).length
    ? h("p.small", {t: ["calendar.filters", {filters: Object.values(filters).join(", ")}]})
    : null;
  const dialog = h(
    "dialog",
    {label: "calendar.subscribe"},
    h(
      "div.stack",
      {},
      h("h2", {t: "calendar.subscribe"}),
      h("p.soft", {t: "calendar.lead"}),
      about,
      made,
      h("div.row", {}, make, h("button", {type: "button", t: "close", onclick: () => void form.leave()})),
      list,
    ),
  );
  const form = openForm(dialog);
  void reload();
}

function shownOnce(url) {
  const address = h("input.mono", {
    readonly: true,
    value: url,
    label: "calendar.address",
    onfocus: ({target}) => target.select(),
  });
  const copy = () =>
    navigator.clipboard.writeText(url).then(
      () => toast(t("calendar.copied")),
      () => address.select(),
    );
  return h(
    "div.stack.notice",
    {},
    h("p", {t: "calendar.once"}),
    address,
    h(
      "div.row",
      {},
      h("button", {type: "button", t: "calendar.copy", onclick: copy}),
      h("a.button", {href: url.replace(/^https?:/, "webcal:"), t: "calendar.open"}),
    ),
  );
}

function itemOf({id, created_at: made, last_used_at: used, filters}, onRevoked) {
  const revoke = async () => {
    if (!(await confirmed("calendar.revokeSure", {}, {action: "calendar.revoke"}))) return;
    await call("DELETE", `/calendars/${id}`).catch(toastFault);
    await onRevoked();
  };
  const about = Object.values(filters ?? {})
    .filter(Boolean)
    .join(", ");
  return h(
    "div.item",
    {},
    h(
      "div",
      {},
      h("div.item-title", {}, h("bdi", {}, about || t("calendar.all"))),
      h(
        "div.item-more",
        {},
        [t("calendar.made", {at: moment(made)}), used && t("calendar.used", {at: moment(used)})]
          .filter(Boolean)
          .join(" · "),
      ),
    ),
    h("button.quiet.danger", {type: "button", t: "calendar.revoke", onclick: revoke}),
  );
}
