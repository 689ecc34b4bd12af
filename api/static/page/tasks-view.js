import {logWords, stepWords} from "./server-words.js";
import {addressOf, go} from "./router.js";
import {call, get, post, query, untilAnswered} from "./api.js";
import {clock, moment} from "./format.js";
import {FORMATS, forPeople} from "./downloads.js";
import {followOne} from "./live.js";
import {h} from "./dom.js";
import {isLost} from "./lost-answers.js";
import {resultOf} from "./task-result.js";
import {say, t} from "./i18n.js";
import {toast, toastFault} from "./tell.js";

/** Console lines kept on the page. */
const LINES_MAX = 2000;

/** Long tasks: start one, read its log as it is written, see its result. */
export class TasksView {
  #feed = null;
  #shown = null;
  #card = null;
  #asked = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = h("div.items");
    this.empty = h("p.empty", {t: "tasks.none", hidden: true});
    this.stage = h("div");
    root.append(
      this.#head(),
      this.stage,
      h("section.card", {}, h("div.card-head", {}, h("h2", {t: "tasks.list"})), this.list, this.empty),
    );
    document.addEventListener("language", () => {
      this.#card?.redraw();
      void this.#reload();
    });
  }

  /** @param {import("./router.js").Route} route */
  show({id}) {
    void this.#reload();
    if (id && id !== this.#shown)
      void get(`/tarefas/${encodeURIComponent(id)}`).then((task) => this.#show(task), toastFault);
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

  async #reload() {
    const turn = ++this.#asked;
    const page = await untilAnswered(() => get("/tarefas?limit=20"), {
      isWanted: () => turn === this.#asked,
      onAway: toastFault,
    }).catch((fault) => (toastFault(fault), null));
    if (!page || turn !== this.#asked) return;
    this.list.replaceChildren(...page.items.map((task) => this.#item(task)));
    this.empty.hidden = page.items.length > 0;
  }

  #item(task) {
    const name = `${t(...titleOf(task))} · ${moment(task.created_at)}`;
    return h(
      "div.item",
      {},
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
          t: "history.open",
          "aria-label": t("history.openNamed", {name}),
          onclick: () => go(addressOf("tasks", {id: task.task_id})),
        }),
      ),
    );
  }

  async #start(path) {
    try {
      const task = await post(path);
      this.#show(task);
      go(addressOf("tasks", {id: task.task_id}));
    } catch (fault) {
      if (!isLost(fault)) return toastFault(fault);
      // It may run already: each time starts another.
      toast(t("tasks.lost"));
      await this.#reload();
    }
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
