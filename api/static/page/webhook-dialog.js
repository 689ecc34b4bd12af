import {call, get} from "./api.js";
import {field, h, select} from "./dom.js";
import {ANSWER_WITHIN_MS, openForm} from "./form-dialog.js";
import {isLost, lookFor} from "./lost-answers.js";
import {isKnown, t} from "./i18n.js";
import {reasonOf} from "./problem-words.js";
import {toast, toastFault} from "./tell.js";

/** Feeds that the page offers; the API takes those of single imports and tasks, too. */
const FEEDS = ["eventos", "eventos/progresso", "admin"];

/** @param {string} feed */
export const feedName = (feed) => (isKnown(`webhooks.feed.${feed}`) ? t(`webhooks.feed.${feed}`) : feed);

/**
 * Change a webhook, or with null make one.
 *
 * @param {any} webhook
 * @returns {Promise<any>} As it is now, with its secret where it is new and the answer came; null when the
 *   person left.
 */
export function editWebhook(webhook) {
  return new Promise((resolve) => {
    const form = formOf(webhook);
    const before = JSON.stringify(form.values());
    const isDirty = () => JSON.stringify(form.values()) !== before;
    let saved = null;
    const keep = (answer) => {
      saved = answer;
      opened.close();
    };
    /** What there is before: a new one, whose answer was lost, is told from them. */
    let known = null;
    const send = async () => {
      const how = {json: form.values(), withinMs: ANSWER_WITHIN_MS};
      if (webhook) return (await call("PATCH", `/webhooks/${webhook.id}`, how)).body;
      known ??= await idsOf();
      return (await call("POST", "/webhooks", how)).body;
    };
    const save = async (event) => {
      event.preventDefault();
      try {
        keep(await opened.store(send));
        if (webhook) toast(t("webhooks.saved"));
      } catch (fault) {
        if (webhook || !isLost(fault)) return form.showFaults(fault);
        const {url} = form.values();
        const found = await opened.store(() => lookFor(readAll, known, (one) => one.url === url));
        if (found.state === "made") keep(found.item);
        toast(t(`webhooks.lost.${found.state}`));
      }
    };
    const dialog = h(
      "dialog",
      {label: webhook ? "webhooks.edit" : "webhooks.new"},
      h(
        "form.stack",
        {onsubmit: save},
        h("h2", {t: webhook ? "webhooks.edit" : "webhooks.new"}),
        ...form.fields,
        h(
          "div.row.end",
          {},
          h("button", {type: "button", t: "cancel", onclick: () => void opened.leave()}),
          h("button.primary", {type: "submit", t: "save"}),
        ),
      ),
    );
    const opened = openForm(dialog, {isDirty, onClose: () => resolve(saved)});
  });
}

const readAll = () => get("/webhooks", {withinMs: ANSWER_WITHIN_MS});

/** @returns {Promise<Set<any> | null>} Null where they cannot be read. */
const idsOf = () =>
  readAll().then(
    ({items}) => new Set(items.map(({id}) => id)),
    () => null,
  );

function formOf(webhook) {
  const url = h("input", {
    type: "url",
    required: true,
    maxlength: "2000",
    placeholder: "https://",
    value: webhook?.url ?? "",
  });
  const others = (webhook?.feeds ?? []).filter((feed) => !FEEDS.includes(feed));
  const boxes = [...FEEDS, ...others].map((name) => ({
    name,
    box: h("input", {type: "checkbox", checked: (webhook?.feeds ?? ["eventos"]).includes(name)}),
  }));
  const format = select(
    [
      ["json", "webhooks.format.json"],
      ["cloudevents", "webhooks.format.cloudevents"],
    ],
    {},
  );
  const faults = {url: faultPlace(), feeds: faultPlace()};
  const values = () => ({
    url: url.value.trim(),
    feeds: boxes.filter(({box}) => box.checked).map(({name}) => name),
    // The format is chosen once: a receiver is written for one.
    ...(webhook ? {} : {format: format.value}),
  });
  const showFaults = (fault) => {
    for (const [name, place] of Object.entries(faults)) {
      const error = fault.errors.find(({field: at}) => at === name);
      place.textContent = error ? reasonOf(error) : "";
    }
    url.setAttribute("aria-invalid", String(faults.url.textContent !== ""));
    if (faults.url.textContent) url.focus();
    if (!Object.values(faults).some(({textContent}) => textContent)) toastFault(fault);
  };
  return {
    values,
    showFaults,
    fields: [
      field("webhooks.url", url, faults.url),
      h(
        "fieldset.field",
        {},
        h("legend.label", {t: "webhooks.feeds"}),
        ...boxes.map(({name, box}) => h("label.check", {}, box, h("span", {}, feedName(name)))),
        faults.feeds,
      ),
      webhook ? null : field("webhooks.format", format),
    ].filter(Boolean),
  };
}

const faultPlace = () => h("span.fault", {role: "alert"});

/**
 * The secret, this once: it stays whatever the address becomes, as nobody can see it again.
 *
 * @param {{secret: string}} webhook
 */
export function showSecret({secret}) {
  const value = h("input.mono", {
    readonly: true,
    value: secret,
    label: "webhooks.secret",
    onfocus: ({target}) => target.select(),
  });
  const copy = () =>
    navigator.clipboard.writeText(secret).then(
      () => toast(t("webhooks.copied")),
      () => value.select(),
    );
  const dialog = h(
    "dialog",
    {label: "webhooks.secret", onclose: () => dialog.remove()},
    h(
      "div.stack",
      {},
      h("h2", {t: "webhooks.secret"}),
      h("p", {t: "webhooks.once"}),
      value,
      h(
        "div.row.end",
        {},
        h("button", {type: "button", t: "calendar.copy", onclick: copy}),
        h("button.primary", {type: "button", t: "close", onclick: () => dialog.close()}),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
