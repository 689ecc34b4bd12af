import {get, query, untilAnswered} from "./api.js";
import {h} from "./dom.js";
import {keepingPlace} from "./keep-place.js";
import {toastFault} from "./tell.js";

/** Items that the server gives at once at most. */
const READ_MAX = 100;

/**
 * A list that the server gives in pages, the newest first: read again with all that is shown, and continued
 * by a button.
 *
 * @param {{path: string, itemOf: (item: any) => HTMLElement, empty: string, size: number,
 *   onRead?: (items: any[]) => void}} about `size`: of a page; `empty`: key of the words for no items.
 */
export function pagedList({path, itemOf, empty: none, size, onRead = () => {}}) {
  const items = h("div.items");
  const more = h("button", {type: "button", t: "more", hidden: true, onclick: () => (adding = add())});
  const empty = h("p.empty", {t: none, hidden: true});
  let next = "";
  let asked = 0;
  /** Whoever asked for more gets it, also where the list is read again meanwhile. */
  let adding = Promise.resolve();
  /** Whether what is shown was to be read again, and more was asked for before it was. */
  let isStale = false;
  const load = async (cursor, {count = size, onFault = toastFault} = {}) => {
    const turn = ++asked;
    isStale ||= !cursor;
    const page = await untilAnswered(() => pagesOf(path, count, cursor), {
      isWanted: () => turn === asked,
      onAway: onFault,
    }).catch((fault) => (turn === asked && onFault(fault), null));
    if (!page || turn !== asked) return;
    const drawn = page.items.map(itemOf);
    if (cursor) items.append(...drawn);
    else {
      isStale = false;
      replace(items, drawn);
    }
    next = page.next;
    more.hidden = !next;
    empty.hidden = items.childElementCount > 0;
    onRead(page.items);
  };
  const reload = async (how = {}) => {
    await adding;
    await load("", {...how, count: Math.max(size, items.childElementCount)});
  };
  const add = async () => {
    await load(next);
    if (isStale) void load("", {count: Math.max(size, items.childElementCount), onFault: () => {}});
  };
  return {
    elements: [items, empty, more],
    reload,
    /** Read it again for what others changed: nobody asked for it, so that it fails is not said. */
    follow: () => reload({onFault: () => {}}),
  };
}

/** As many items as are wanted, in as many calls as they take. */
async function pagesOf(path, count, cursor) {
  const items = [];
  let next = cursor;
  do {
    const limit = Math.min(READ_MAX, count - items.length);
    const page = await get(`${path}${query({limit, cursor: next})}`);
    items.push(...page.items);
    next = page.next;
  } while (next && items.length < count);
  return {items, next};
}

/** What is there already is left alone: a person may be reading or selecting it. */
function replace(items, drawn) {
  const isSame = drawn.length === items.childElementCount;
  if (isSame && drawn.every((item, at) => item.isEqualNode(items.children[at]))) return;
  keepingPlace(items, () => items.replaceChildren(...drawn));
}
