import {call, get, post} from "./api.js";
import {addressOf, go, isInFront, replaceAddress} from "./router.js";
import {working} from "./busy.js";
import {chipOf, logOf} from "./webhook-parts.js";
import {confirmed} from "./confirm.js";
import {editWebhook, feedName, showSecret} from "./webhook-dialog.js";
import {h} from "./dom.js";
import {isLost} from "./lost-answers.js";
import {listen} from "./live.js";
import {moment} from "./format.js";
import {currentLanguage, t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";
import {WhileSeen} from "./while-seen.js";

/** What no message tells, such as a test that another tab sends, is seen so late at most. */
const LOOK_MS = 15_000;

/** The webhooks, for administrators: made, tried, paused, looked into, removed. */
export class WebhooksView {
  /** @type {string | null} */
  #shown = null;
  #asked = 0;
  #drawn = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = h("div.items");
    this.empty = h("p.empty", {t: "webhooks.none", hidden: true});
    this.stage = h("div");
    root.append(
      h(
        "div.view-head",
        {},
        h("div", {}, h("h1", {t: "webhooks.title"}), h("p", {t: "webhooks.lead"})),
        h("button.primary", {type: "button", t: "webhooks.new", onclick: () => this.#add()}),
      ),
      this.stage,
      h("section.card", {}, h("div.card-head", {}, h("h2", {t: "webhooks.all"})), this.list, this.empty),
    );
    document.addEventListener("language", () => void this.#reload());
    // What another administrator changes is notified; and any message may be one that is delivered.
    this.seen = new WhileSeen(root, () => void this.#reload(), {lookMs: LOOK_MS});
    listen(["admin", "eventos"], {onMessage: () => this.seen.soon(), onReset: () => this.seen.soon()});
  }

  /** @param {import("./router.js").Route} route */
  show({id}) {
    this.#shown = id;
    // What is pressed on one is not meant for another, which is still being read.
    if (this.stage.querySelector("[data-webhook]")?.dataset.webhook !== id) this.stage.replaceChildren();
    void this.#reload();
  }

  /** Read the list, and the one that is shown. A slow answer must not overwrite a later one. */
  async #reload() {
    const asked = ++this.#asked;
    this.seen.wasRead();
    // A list that is there stays so while it is read again.
    const end = this.list.childElementCount || !this.empty.hidden ? () => {} : working(this.list);
    const [page, one] = await Promise.all([
      get("/webhooks").catch((fault) => (toastFault(fault), null)),
      this.#shown && get(`/webhooks/${encodeURIComponent(this.#shown)}`).catch(toastFault),
    ]).finally(end);
    if (asked !== this.#asked || !page) return;
    this.list.replaceChildren(...page.items.map(itemOf));
    this.empty.hidden = page.items.length > 0;
    if (one) this.#draw(one);
    else if (this.#shown) this.#leave();
  }

  #leave() {
    this.#shown = null;
    this.stage.replaceChildren();
    replaceAddress("#webhooks");
  }

  async #add() {
    const made = await editWebhook(null);
    if (!made) return;
    // Of one whose answer was lost nobody knows it.
    if (made.secret) showSecret(made);
    if (isInFront("webhooks")) go(addressOf("webhooks", {id: made.id}));
  }

  /** Draw one, and leave the focus on the button that was pressed. */
  #draw(webhook) {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.act;
    const hadFocus = this.stage.contains(document.activeElement);
    const drawn = JSON.stringify([webhook, currentLanguage().tag]);
    // What is there already is left alone: a person may be reading or selecting it.
    if (this.#drawn === drawn && this.stage.firstElementChild) return;
    this.#drawn = drawn;
    const scrolled = this.stage.querySelector(".tables")?.scrollTop ?? 0;
    this.stage.replaceChildren(this.#card(webhook));
    if (scrolled) this.stage.querySelector(".tables").scrollTop = scrolled;
    if (hadFocus && focused) this.stage.querySelector(`[data-act="${focused}"]`)?.focus();
  }

  #card(webhook) {
    const {id, url, feeds, enabled, attempts, created_at: made, created_by: by} = webhook;
    const maker = webhook.created_by_disabled ? "webhooks.madeByDisabled" : "webhooks.made";
    const act = (name, key, run, look = "") =>
      h(`button${look}`, {type: "button", "data-act": name, t: key, onclick: () => run(webhook)});
    return h(
      "article.card.stack",
      {"data-webhook": id},
      h("div.card-head", {}, h("h2.mono.anywhere", {}, url), chipOf(webhook)),
      h("p.small.soft", {}, [feeds.map(feedName).join(" · "), t(maker, {at: moment(made), by})].join(" · ")),
      ...failuresOf(webhook),
      h(
        "div.row",
        {},
        act("test", "webhooks.test", (one) => this.#test(one), ".primary"),
        act("edit", "edit", (one) => this.#edit(one)),
        act("enable", enabled ? "webhooks.pause" : "webhooks.enable", (one) => this.#switch(one)),
        act("secret", "webhooks.newSecret", (one) => this.#newSecret(one)),
        act("remove", "delete", (one) => this.#remove(one), ".danger"),
      ),
      h("h3", {t: "webhooks.log"}),
      logOf(attempts),
    );
  }

  async #test({id}) {
    const attempt = await post(`/webhooks/${id}/test`).catch(toastFault);
    if (attempt) toast(t(attempt.error === null ? "webhooks.tested" : "webhooks.testFailed"));
    await this.#reload();
  }

  async #edit(webhook) {
    if (await editWebhook(webhook)) await this.#reload();
  }

  async #switch({id, enabled}) {
    await call("PATCH", `/webhooks/${id}`, {json: {enabled: !enabled}}).catch(toastFault);
    await this.#reload();
  }

  async #newSecret({id, url}) {
    if (!(await confirmed("webhooks.newSecretSure", {url}, {action: "webhooks.newSecret", danger: false})))
      return;
    const changed = await post(`/webhooks/${id}/secret`).catch((fault) =>
      isLost(fault) ? toast(t("webhooks.lost.secret")) : toastFault(fault),
    );
    if (!changed?.secret) return void this.#reload();
    showSecret(changed);
    await this.#reload();
  }

  async #remove({id, url}) {
    if (!(await confirmed("webhooks.removeSure", {url}, {action: "delete"}))) return;
    const gone = await call("DELETE", `/webhooks/${id}`).catch(toastFault);
    if (!gone) return;
    toast(t("webhooks.removed"));
    // Another may be looked at meanwhile.
    if (this.#shown === id) this.#leave();
    await this.#reload();
  }
}

function itemOf(webhook) {
  const {id, url, feeds} = webhook;
  return h(
    "div.item",
    {"data-webhook-item": id},
    h("div", {}, h("div.item-title.mono", {}, url), h("div.item-more", {}, feeds.map(feedName).join(" · "))),
    h(
      "div.row",
      {},
      chipOf(webhook),
      h("button.quiet", {
        type: "button",
        t: "history.open",
        "aria-label": t("webhooks.open", {url}),
        onclick: () => go(addressOf("webhooks", {id})),
      }),
    ),
  );
}

/** Since when its deliveries fail, when the next attempt is, and until when an old secret signs. */
function failuresOf({failing_since: since, next_attempt_at: next, failures, old_secrets_until: until}) {
  const failing = [
    since && t("webhooks.failing", {count: failures, at: moment(since)}),
    next && t("webhooks.next", {at: moment(next)}),
  ].filter(Boolean);
  return [
    failing.length > 0 && h("div.alert", {}, h("strong", {}, failing[0]), h("span", {}, failing[1] ?? "")),
    until && h("p.small.soft", {}, t("webhooks.oldSecret", {at: moment(until)})),
  ];
}
