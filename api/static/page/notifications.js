import {get, post} from "./api.js";
import {h, icon, ICONS} from "./dom.js";
import {listen} from "./live.js";
import {moment} from "./format.js";
import {noticeWords} from "./server-words.js";
import {popover} from "./popover.js";
import {isOwn} from "./session.js";
import {announce} from "./tell.js";

const KEPT = 100;

/** Notices that the page comes with at most (api/routes/pages.py); all are asked for when one looks. */
const IN_PAGE = 20;

/** The bell of administrators: what came while one was away, too. @param {HTMLElement} place */
export async function notifications(place) {
  const badge = h("span.badge.numbers", {hidden: true});
  const items = h("div");
  const none = h("p.soft.small", {t: "notices.none"});
  /** @type {any[]} The newest first. */
  let notices = [];
  /** @type {string | null} */
  let read = null;
  /** Whether there may be more than the page came with. */
  let isPart = false;
  const isUnread = (notice) => isAfter(notice.id, read) && isNews(notice);
  const unread = () => notices.filter(isUnread).length;
  const show = () => {
    const count = unread();
    const isMore = isPart && notices.every(({id}) => isAfter(id, read));
    none.hidden = notices.length > 0;
    badge.hidden = count === 0;
    badge.textContent = count > 99 || isMore ? `${count}+` : String(count);
  };
  const draw = () => (
    items.replaceChildren(...notices.map((notice) => noticeOf(notice, isUnread(notice)))),
    show()
  );
  const opened = async () => {
    if (isPart) await load();
    markRead();
  };
  const markRead = () => {
    draw();
    if (!notices.length || !isAfter(notices[0].id, read)) return;
    read = notices[0].id;
    void post("/notifications/read", {json: {cursor: read}}).catch(() => {});
    show();
  };
  popover(
    place,
    h("button.quiet.icon", {type: "button"}, icon(ICONS.bell), h("span.unseen", {t: "notices.title"}), badge),
    [h("h2", {t: "notices.title"}), none, items],
    () => void opened(),
  );
  document.addEventListener("language", draw);
  const take = (notice) => {
    if (notice.type !== "notification" || notices.some(({id}) => id === notice.id)) return;
    notices = [notice, ...notices].slice(0, KEPT);
    draw();
    if (isNews(notice)) announce("notices.unread", {count: unread()});
  };
  listen(["admin"], {onMessage: take, onReset: () => void load()});
  /** What the feed brought meanwhile may be in the answer, too, and may be newer than it. */
  const merge = (earlier) => {
    read = earlier.read;
    const known = new Set(earlier.items.map(({id}) => id));
    notices = [...notices.filter(({id}) => !known.has(id)), ...earlier.items].slice(0, KEPT);
    draw();
  };
  const load = async () => {
    const earlier = await get("/notifications").catch(() => null);
    if (!earlier) return;
    isPart = false;
    merge(earlier);
  };
  const given = withThePage();
  if (!given) return load();
  isPart = given.items.length >= IN_PAGE;
  merge(given);
  // Before all that the page came with, which is no news to this person, there may be some.
  if (isPart && !unread() && notices.every(({id}) => isAfter(id, read))) await load();
}

/** What the server wrote into the page: one call less before anything is seen. */
function withThePage() {
  const text = document.documentElement.dataset.notices;
  return text ? JSON.parse(text) : null;
}

/** Cursors are opaque but for their order within one store: `epoch.seq`. */
function isAfter(id, read) {
  if (!read) return true;
  const [epoch, seq] = id.split(".");
  const [readEpoch, readSeq] = read.split(".");
  return epoch !== readEpoch || Number(seq) > Number(readSeq);
}

/** Each review checks its file, in front of whoever asked for it: to that person its end is no news. */
const isNews = ({kind, params, actor}) =>
  !(kind === "task.finished" && params?.task === "check" && isOwn(actor));

function noticeOf(notice, isUnread) {
  const {severity, actor, at, link} = notice;
  const {heading, words} = noticeWords(notice);
  const name = h("strong", {}, heading);
  return h(
    "div.notice",
    {"data-severity": severity, "data-unread": isUnread},
    placeOf(link) ? h("a", {href: placeOf(link)}, name) : name,
    h("span", {}, words),
    h("span.soft.small", {}, [actor, moment(at)].filter(Boolean).join(" · ")),
  );
}

/** Where a notice leads in this page, by the address in the API that it names. */
function placeOf(link) {
  const [, what, id] = /\/api\/v1\/(uploads|eventos|tarefas|webhooks)\/([^/?]+)$/.exec(link ?? "") ?? [];
  return (
    id && `#${{uploads: "import", eventos: "event", tarefas: "tasks", webhooks: "webhooks"}[what]}/${id}`
  );
}
