import {call} from "./api.js";
import {confirmed} from "./confirm.js";
import {field, h, select} from "./dom.js";
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
 * @returns {Promise<any>} As it is now, with its secret where it is new; null when the person left.
 */
export function editWebhook(webhook) {
  return new Promise((resolve) => {
    const form = formOf(webhook);
    const before = JSON.stringify(form.values());
    const isDirty = () => JSON.stringify(form.values()) !== before;
    const sure = () =>
      confirmed("events.discardSure", {}, {action: "events.discard", otherwise: "events.keepEditing"});
    const leave = async () => {
      if (!isDirty() || (await sure())) dialog.close();
    };
    let saved = null;
    const save = async (event) => {
      event.preventDefault();
      try {
        const path = webhook ? `/webhooks/${webhook.id}` : "/webhooks";
        saved = (await call(webhook ? "PATCH" : "POST", path, {json: form.values()})).body;
        dialog.close();
      } catch (fault) {
        form.showFaults(fault);
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
          h("button", {type: "button", t: "cancel", onclick: () => void leave()}),
          h("button.primary", {type: "submit", t: "save"}),
        ),
      ),
    );
    // Escape leaves as the button does: not without asking about what was typed.
    dialog.addEventListener("cancel", (event) => (event.preventDefault(), void leave()));
    dialog.addEventListener("close", () => (dialog.remove(), resolve(saved)));
    document.body.append(dialog);
    dialog.showModal();
  });
}

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

/** The secret, this once. @param {{secret: string}} webhook */
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
