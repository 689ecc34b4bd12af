import {logWords, stepWords} from "./server-words.js";
import {addressOf, go, replaceAddress} from "./router.js";
import {call, get, post, query, untilAnswered} from "./api.js";
import {clock, moment} from "./format.js";
import {FORMATS, forPeople} from "./downloads.js";
import {followOne, listen} from "./live.js";
import {h} from "./dom.js";
import {isLost} from "./lost-answers.js";
import {pagedList} from "./paged-list.js";
import {resultOf} from "./task-result.js";
import {say, t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";
import {WhileSeen} from "./while-seen.js";

/** Console lines kept on the page. */
const LINES_MAX = 2000;

const PAGE = 20;

/** That a task begins no message tells: what others start is seen so late at most. */
const LOOK_MS = 15_000;

/** Long tasks: start one, read its log as it is written, see its result. */
export class TasksView {
  #feed = null;
  #shown = null;
  #card = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = pagedList({path: "/tarefas", itemOf, empty: "tasks.none", size: PAGE});
    this.stage = h("div");
    root.append(
      this.#head(),
      this.stage,
      h("section.card", {}, h("div.card-head", {}, h("h2", {t: "tasks.list"})), ...this.list.elements),
    );
    this.seen = new WhileSeen(root, () => void this.#reload(this.list.follow), {lookMs: LOOK_MS});
    const follow = () => this.seen.soon();
    listen(["admin"], {onMessage: ({kind}) => kind === "task.finished" && follow(), onReset: follow});
    document.addEventListener("language", () => {
      this.#card?.redraw();
      void this.#reload();
    });
  }

  /** @param {import("./router.js").Route} route */
  show({id}) {
    void this.#reload();
    if (!id) this.#clear();
    else if (id !== this.#shown) void this.#open(id);
  }

  /** A task of a link. Who went on before it came does not want it any more. */
  async #open(id) {
    const own = location.hash;
    const isWanted = () => location.hash === own && this.#shown !== id;
    const ask = () => get(`/tarefas/${encodeURIComponent(id)}`);
    const task = await untilAnswered(ask, {isWanted, onAway: toastFault}).catch((fault) => {
      if (!isWanted()) return;
      toastFault(fault);
      this.#clear();
      replaceAddress("#tasks");
    });
    if (task && isWanted()) this.#show(task);
  }

  #clear() {
    this.#feed?.close();
    this.#feed = this.#shown = this.#card = null;
    this.stage.replaceChildren();
  }

  #head() {
    const format = h(
      "select",
      {label: "events.downloadAs"},
      ...FORMATS.map((name) => h("option", {value: name, t: `events.format.${name}`})),
    );
    const exporting = () =>
      this.#start(`/eventos/exportar${query({format: format.value, ...forPeople(format.value)})}`);
    return h(
      "div.view-head",
      {},
      h("div", {}, h("h1", {t: "tasks.title"}), h("p", {t: "tasks.lead"})),
      h(
        "div.row.for-editors",
        {},
        h("button.primary", {
          type: "button",
          t: "tasks.analyse",
          onclick: () => this.#start("/eventos/analise"),
        }),
        h("div", {}, format),
        h("button", {type: "button", t: "tasks.export", onclick: exporting}),
      ),
    );
  }

  #reload(read = this.list.reload) {
    this.seen.wasRead();
    return read();
  }

  async #start(path) {
    const own = location.hash;
    try {
      const task = await post(path);
      // Who went on meanwhile is not called back.
      if (location.hash !== own) return void this.#begun(task);
      this.#show(task);
      go(addressOf("tasks", {id: task.task_id}));
    } catch (fault) {
      if (!isLost(fault)) return toastFault(fault);
      // It may run already: each time starts another.
      toast(t("tasks.lost"));
      await this.#reload();
    }
  }

  #begun(task) {
    toast(t("tasks.begun", {task: t(...titleOf(task))}));
    return this.#reload();
  }

  #show(task) {
    this.#feed?.close();
    this.#shown = task.task_id;
    const view = (this.#card = taskCard(task));
    this.stage.replaceChildren(view.element);
    this.#feed = followOne(
      `tarefas/${task.task_id}`,
      (message) => void this.#take(message, task.task_id, view),
    );
    if (task.result || task.error) view.result(task);
  }

  async #take(message, id, view) {
    view.take(message);
    // What had ended before it was opened is known whole.
    if (message.type !== "finished" || view.isDone) return;
    const task = await get(`/tarefas/${id}`).catch(toastFault);
    if (task && this.#shown === id) view.result(task);
    await this.#reload();
  }
}

function itemOf(task) {
  const name = `${t(...titleOf(task))} · ${moment(task.created_at)}`;
  return h(
    "div.item",
    {"data-task-item": task.task_id},
    h(
      "div",
      {},
      h("div.item-title", {t: titleOf(task)}),
      h("div.item-more", {}, `${moment(task.created_at)} · ${task.actor}`),
    ),
    h(
      "div.row",
      {},
      h("span.chip", {"data-state": task.status, t: `state.${task.status}`}),
      h("button.quiet", {
        type: "button",
        "data-keep": `open ${task.task_id}`,
        t: "history.open",
        "aria-label": t("history.openNamed", {name}),
        onclick: () => go(addressOf("tasks", {id: task.task_id})),
      }),
    ),
  );
}

/** The kind of a task, and what it is about. @returns {[string, Record<string, string>]} */
function titleOf({kind, params}) {
  if (kind === "check" && params?.filename) return ["tasks.checkOf", {name: params.filename}];
  if (kind === "export" && params?.format) return ["tasks.exportAs", {format: params.format.toUpperCase()}];
  return [`tasks.kind.${kind}`, {}];
}

function taskCard(task) {
  const chip = h("span.chip", {"data-state": task.status, t: `state.${task.status}`});
  const gauge = h("progress", {max: "100", value: String(task.progresso ?? 0), label: "nav.tasks"});
  const step = h("span.soft.small", {}, stepWords(task));
  const lines = h("div.console", {
    role: "log",
    tabindex: "0",
    label: "tasks.log",
    "aria-live": "off",
    "data-console": "",
  });
  const outcome = h("div.stack");
  const stop = h("button.danger.for-editors", {
    type: "button",
    t: "tasks.stop",
    onclick: () => call("POST", `/tarefas/${task.task_id}/cancel`).catch(toastFault),
  });
  const parts = {chip, gauge, step, lines, stop};
  /** What was told, to say it again in another language. @type {any[]} */
  const told = [];
  let done = null;
  const take = (message) => {
    if (message.type === "log") told.push(message);
    if (told.length > LINES_MAX) told.shift();
    if (message.type === "progress") Object.assign(task, {step: message.step, step_code: message.step_code});
    takeInto(parts, message);
  };
  const result = (ended) => ((done = ended), outcome.replaceChildren(...resultOf(ended)));
  const redraw = () => {
    lines.replaceChildren();
    told.forEach((line) => addLine(lines, line));
    step.textContent = stepWords(task);
    if (done) result(done);
  };
  stop.hidden = ["completed", "failed", "cancelled"].includes(task.status);
  return {
    get isDone() {
      return done !== null;
    },
    take,
    result,
    redraw,
    element: h(
      "article.card.stack",
      {"data-task": task.task_id},
      h("div.card-head", {}, h("h2", {t: titleOf(task)}), h("div.row", {}, chip, stop)),
      gauge,
      step,
      lines,
      outcome,
    ),
  };
}

function takeInto({chip, gauge, step, lines, stop}, message) {
  if (message.type === "log") addLine(lines, message);
  if (message.type === "progress") {
    gauge.value = message.progresso;
    step.textContent = stepWords(message);
  }
  const state = message.type === "finished" ? message.status : "running";
  if (message.type === "finished") stop.hidden = step.hidden = true;
  if (message.status === "completed") gauge.value = 100;
  chip.dataset.state = state;
  say(chip, `state.${state}`);
}

function addLine(lines, line) {
  const {at, level} = line;
  const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
  lines.append(h("div", {"data-level": level}, h("time", {datetime: at}, clock(at)), logWords(line)));
  if (lines.childElementCount > LINES_MAX) lines.firstElementChild.remove();
  if (atEnd) lines.scrollTop = lines.scrollHeight;
}
