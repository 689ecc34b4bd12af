import {get, query, untilAnswered} from "./api.js";
import {h} from "./dom.js";
import {listen} from "./live.js";
import {statusOf} from "./import-status.js";
import {moment} from "./format.js";
import {t} from "./i18n.js";
import {toastFault} from "./tell.js";

const PAGE = 10;

/**
 * The imports so far, newest first.
 *
 * @param {(id: string) => void} onOpen
 */
export function history(onOpen) {
  const items = h("div.items");
  const more = h("button", {type: "button", t: "more", hidden: true, onclick: () => load(next)});
  const empty = h("p.empty", {t: "history.empty", hidden: true});
  let next = "";
  let asked = 0;
  const load = async (cursor = "", limit = PAGE) => {
    const turn = ++asked;
    const page = await untilAnswered(() => get(`/uploads${query({limit, cursor})}`), {
      isWanted: () => turn === asked,
      onAway: toastFault,
    }).catch((fault) => (toastFault(fault), null));
    if (!page || turn !== asked) return;
    const drawn = page.items.map((upload) => itemOf(upload, onOpen));
    if (cursor) items.append(...drawn);
    else items.replaceChildren(...drawn);
    next = page.next;
    more.hidden = !next;
    empty.hidden = items.childElementCount > 0;
  };
  const reload = () => void load("", Math.max(PAGE, items.childElementCount));
  document.addEventListener("language", reload);
  onImports(reload);
  reload();
  return {
    element: h(
      "section.card",
      {"data-history": ""},
      h("div.card-head", {}, h("h2", {t: "history.title"})),
      items,
      empty,
      more,
    ),
    reload,
  };
}

/** Call when an import begins or ends, whoever's it is: the dashboard counts those at work. */
function onImports(call) {
  let before = null;
  listen(["dashboard"], {
    onState: ({uploads_active: active}) => {
      if (before !== null && active !== before) call();
      before = active;
    },
  });
}

function itemOf(upload, onOpen) {
  const {upload_id: id, filename, accepted, rejected, actor, created_at: at} = upload;
  const facts = [at && moment(at), actor].filter(Boolean).join(" · ");
  return h(
    "div.item",
    {"data-upload-item": id},
    h(
      "div",
      {},
      h("div.item-title", {}, filename || id),
      h(
        "div.item-more",
        {},
        h("span", {t: ["history.counts", {accepted, rejected}]}),
        facts ? ` · ${facts}` : "",
      ),
    ),
    h(
      "div.row",
      {},
      chipOf(upload),
      h("button.quiet", {
        type: "button",
        t: "history.open",
        "aria-label": t("history.openNamed", {
          name: [filename || id, at && moment(at)].filter(Boolean).join(" · "),
        }),
        onclick: () => onOpen(id),
      }),
    ),
  );
}

function chipOf({status, accepted, rejected, dry_run: isDryRun}) {
  const {state, key, params} = statusOf({status, accepted, rejected, isDryRun});
  return h("span.chip", {"data-state": state, t: [key, params]});
}
