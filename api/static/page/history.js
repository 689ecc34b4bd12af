import {h} from "./dom.js";
import {isOver, statusOf} from "./import-status.js";
import {listen} from "./live.js";
import {moment} from "./format.js";
import {pagedList} from "./paged-list.js";
import {t} from "./i18n.js";
import {WhileSeen} from "./while-seen.js";

const PAGE = 10;

/**
 * The imports so far, newest first. Who shows them reads them: by `reload`.
 *
 * @param {(id: string) => void} onOpen
 */
export function history(onOpen) {
  /** Those listed that are over: what is told of them later is that somebody mended or undid them. */
  const over = new Set();
  const onRead = (uploads) => {
    for (const upload of uploads) over[isOver(upload) ? "add" : "delete"](upload.upload_id);
    // Its last messages may come before its end.
    if (uploads.some(({status}) => status === "undoing")) seen.soon();
  };
  const list = pagedList({
    path: "/uploads",
    itemOf: (upload) => itemOf(upload, onOpen),
    empty: "history.empty",
    size: PAGE,
    onRead,
  });
  const element = h(
    "section.card",
    {"data-history": ""},
    h("div.card-head", {}, h("h2", {t: "history.title"})),
    ...list.elements,
  );
  const seen = new WhileSeen(element, () => void list.follow());
  document.addEventListener("language", () => void list.reload());
  onImports(() => void list.follow());
  // An import that runs tells of each batch: it is read when it begins and when it ends.
  listen(["eventos", "admin"], {
    onMessage: (message) => over.has(aboutImport(message)) && seen.soon(),
    onReset: () => seen.soon(),
  });
  return {element, reload: () => void list.reload()};
}

/** @returns {string | undefined} The import that a message of events, or a notification, is about. */
const aboutImport = ({upload_id: id, params}) => id ?? params?.upload_id;

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
        "data-keep": `open ${id}`,
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
