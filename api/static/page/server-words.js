import {bytes, dayAndTime} from "./format.js";
import {isKnown, t} from "./i18n.js";
import {generalWords, reasonOf} from "./problem-words.js";

/**
 * Notifications and log lines of the server in the reader's language, by their codes and parameters; in the
 * server's English where a code has no words here.
 */

/** Parameters that are codes or values themselves, as they stand in a sentence. */
const SHOWN = {
  status: (status) => t(`state.${status}`),
  task: (kind) => t(`tasks.kind.${kind}`),
  role: (role) => t(`role.${role}`),
  because: (because) => t(`because.${because}`),
  feeds: (feeds) => feeds.map(feedWords).join(", "),
  event_date: dayAndTime,
  // A sentence in a sentence: of an earlier version its rule is not known.
  reason: (message, {reason_code: code, reason_rule: rule, reason_params: params}) =>
    params ? reasonOf({code, rule, message, field: params.field, params}) : generalWords({code, message}),
  bytes,
  offset: bytes,
  event_id: String,
  dialect: (dialect) => Object.values(dialect).join(", "),
  columns: (columns) => columns.map(({name, field}) => `${name} → ${field}`).join(", "),
};

/** What a feed delivers, as the form of a webhook calls it; the name of one that has no words. */
const feedWords = (feed) => {
  const key = `webhooks.feed.${feed}`;
  return isKnown(key) ? `“${t(key)}”` : feed;
};

const shown = (params) =>
  Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, SHOWN[name]?.(value, params) ?? value]),
  );

/**
 * @param {{kind: string, title: string, message: string, actor: string, params?: Record<string, any>}} notice
 * @returns {{heading: string, words: string}}
 */
export function noticeWords({kind, title, message, actor, params}) {
  const key = noticeKey(kind, params);
  if (!params || !isKnown(key)) return {heading: title, words: message};
  const values = shown({...params, filename: params.filename || params.upload_id, actor});
  return {heading: t(`${key}.title`, values), words: t(key, values)};
}

/** Some kinds say different things, by what they are about. */
function noticeKey(kind, params) {
  if (kind === "bulk_change") return `notice.bulk_change.${params?.change}`;
  if (kind === "task.finished" && params?.filename) return "notice.task.check";
  if (kind === "import.finished" && params?.reason)
    // Of a file that could not be read there are no rows to speak of.
    return params.accepted + params.rejected ? "notice.import.failed" : "notice.import.unread";
  return `notice.${kind}`;
}

/** @param {{step?: string | null, step_code?: string | null}} task Or a message of its progress. */
export function stepWords({step, step_code: code}) {
  const key = `step.${code}`;
  return isKnown(key) ? t(key) : (step ?? "");
}

/** @param {{code?: string, message: string, params?: Record<string, any>}} line */
export function logWords({code, message, params = {}}) {
  const key = `log.${code}`;
  return isKnown(key) ? t(key, shown(params)) : message;
}
