import {addressOf, go, parseRoute, replaceAddress} from "./router.js";
import {bulkBar} from "./bulk-bar.js";
import {working} from "./busy.js";
import {Calendar} from "./calendar.js";
import {calendarAddress} from "./calendar-address.js";
import {Choice, isFound} from "./choice.js";
import {isFiltered, monthOf, questionOf, scopeOf} from "./event-query.js";
import {Deletions} from "./deletion.js";
import {downloads} from "./downloads.js";
import {editEvent} from "./event-dialog.js";
import {eventFilters} from "./event-filters.js";
import {eventRow} from "./event-row.js";
import {faultText} from "./problem-words.js";
import {filtersInWords} from "./filter-words.js";
import {get, query, untilAnswered} from "./api.js";
import {monthInFull, today} from "./format.js";
import {h} from "./dom.js";
import {listen} from "./live.js";
import {LongList, PAGE_MAX} from "./long-list.js";
import {say, t} from "./i18n.js";
import {announce, toast, toastFault} from "./tell.js";
import {VirtualList} from "./virtual-list.js";

const PAGE = 100;
const TYPING_MS = 250;

/** While others change a mass of events the list is read again now and then, not once for each. */
const FOLLOW_MS = 800;

/** The events: searched, filtered, on a list or a calendar, edited, and changing as others change them. */
export class EventsView {
  #typing = 0;
  #following = 0;
  #asked = 0;
  /** Which reading the list is of. */
  #shown = 0;
  /** Links to one event that were opened: the answer to an earlier one is not waited for. */
  #opened = 0;
  #answered = "";
  /** What is read is no longer awaited, or another is. */
  #endWait = () => {};
  /** What the choice of events is about. */
  #scope = "";
  /** What the rows that are there are about. */
  #listed = "";
  /** The address of the list: whatever the filters still wait to say is not said of another. */
  #address = "";
  #isBare = false;
  /** @type {Record<string, string>} */
  #params = {};
  #choice = new Choice();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.filters = eventFilters((changes, how) => this.#change(changes, how));
    this.count = h("span.soft.small.numbers", {tabindex: "-1"});
    this.deletions = new Deletions(() => this.#drawItems());
    this.printed = h("p.only-print.small");
    addEventListener("beforeprint", () => this.#sayPrinted());
    this.events = new LongList({
      read: (place) => this.#page(this.#question(), place),
      onChange: () => this.#drawItems(),
    });
    /** Places of events that wait for their deletion: those behind them move up. @type {number[]} */
    this.gone = [];
    this.list = new VirtualList({
      row: (event) => this.#row(event),
      at: (place) => this.events.at(this.#placeOf(place)),
      onWindow: (first, end) => this.events.want(this.#placeOf(first), this.#placeOf(end)),
    });
    this.fault = h("div.alert", {role: "alert", hidden: true});
    this.calendar = new Calendar({onMonth: (month) => this.#change({month}, {typed: false})});
    this.bulk = bulkBar({
      chosen: () => this.#choice.events,
      onDelete: (events) => this.#delete(events),
      onClear: () => this.#clearChoice(),
    });
    this.empty = h(
      "div.empty",
      {hidden: true},
      h("p", {t: "events.none"}),
      h("button", {type: "button", t: "events.clear", onclick: () => go("#events?when=all")}),
    );
    this.nothing = h(
      "div.empty",
      {hidden: true},
      h("p", {t: "events.empty"}),
      h("a.button.for-editors", {href: "#import", t: "events.import"}),
    );
    root.append(
      this.#head(),
      h(
        "section.card.stack",
        {},
        this.filters.element,
        this.printed,
        h(
          "div.row.between",
          {},
          h("div.row", {}, this.count, this.filters.clear),
          downloads(() => ({...this.#question(), sort: ""})),
        ),
        this.bulk.element,
        this.fault,
        this.calendar.element,
        this.list.element,
        this.empty,
        this.nothing,
      ),
    );
    document.addEventListener("language", () => this.#follow());
    addEventListener("hashchange", () => location.hash === this.#address || this.#drop());
    listen(["eventos"], {onMessage: (message) => this.#take(message), onReset: () => this.#takeAnew()});
  }

  /** @param {import("./router.js").Route} route */
  show({view, id, params}) {
    if (view === "event") return void this.#open(id ?? "");
    // Where a filter led, another may still be typed; where the back button or a link led, it is over.
    const isNew = location.hash !== this.#address;
    if (isNew) clearTimeout(this.#typing);
    this.#params = params;
    this.#address = location.hash;
    this.filters.show(params, isFiltered(params), {isNew});
    void this.#load();
  }

  /** A link to one event: the list behind it is that of the time around it. */
  async #open(id) {
    const own = location.hash;
    const opened = ++this.#opened;
    const isThere = () => location.hash === own && opened === this.#opened;
    const back = () => location.hash === own && this.#replace(addressOf("events", {params: this.#params}));
    if (!this.events.total) void this.#load();
    try {
      const event = await eventAt(id);
      // Who went on meanwhile looks at something else.
      if (isThere()) void editEvent(event, {onClose: back});
    } catch (fault) {
      if (!isThere()) return;
      toast(fault === NO_EVENT ? t("events.noSuch") : faultText(fault));
      back();
    }
  }

  #head() {
    return h(
      "div.view-head",
      {},
      h("div", {}, h("h1", {t: "events.title"}), h("p", {t: "events.lead"})),
      h(
        "div.row",
        {},
        h("button", {
          type: "button",
          t: "calendar.subscribe",
          onclick: () => calendarAddress(this.#question()),
        }),
        h("button.primary.for-editors", {
          type: "button",
          t: "events.new",
          onclick: () => void editEvent(null),
        }),
      ),
    );
  }

  #question() {
    return questionOf(this.#params, today());
  }

  /** A filter changed: what is chosen is a step of the back button, what is typed replaces the address. */
  #change(changes, {typed}) {
    if (!this.#isInFront) return this.#drop();
    const params = {...this.#params, ...changes};
    const address = addressOf("events", {params});
    // At once: another filter may change before the page has gone there.
    this.#params = params;
    clearTimeout(this.#typing);
    if (!typed) return address === this.#address ? undefined : this.#go(address);
    this.#typing = setTimeout(() => {
      if (!this.#isInFront) return;
      this.#replace(address);
      void this.#load().then(
        (page) => page && announce("events.count", {count: page.total}, {important: true}),
      );
    }, TYPING_MS);
  }

  /** Somebody went elsewhere: what was typed and is not in the address of the list is over. */
  #drop() {
    clearTimeout(this.#typing);
    this.#params = parseRoute(this.#address).params;
    this.filters.show(this.#params, isFiltered(this.#params), {isNew: true});
  }

  /** Whether the list is what one looks at: nobody went on, and nothing was opened before it. */
  get #isInFront() {
    return location.hash === this.#address && !document.querySelector("dialog:modal");
  }

  #go(address) {
    go(address);
    this.#address = location.hash;
  }

  #replace(address) {
    replaceAddress(address);
    this.#address = location.hash;
  }

  /** Others change events: what is shown is read again, once, however many changes come. */
  #follow() {
    if (this.#following) return;
    this.#following = setTimeout(() => {
      this.#following = 0;
      void this.#load();
    }, FOLLOW_MS);
  }

  async #load() {
    const asked = ++this.#asked;
    const question = this.#question();
    this.filters.show(this.#params, isFiltered(this.#params));
    this.#keepChoice(question);
    const isMonth = this.#isMonth;
    const refocus = this.#layOut(isMonth);
    this.#await(question, isMonth);
    const endWait = this.#endWait;
    const month = isMonth ? this.#showMonth(question) : Promise.resolve();
    const page = await untilAnswered(() => this.#read(question, {limit: PAGE}), {
      isWanted: () => asked === this.#asked,
      onAway: toastFault,
    }).catch((fault) => asked === this.#asked && this.#refused(fault));
    // A slow answer must not overwrite that of a later question.
    if (asked !== this.#asked) return null;
    if (!page) return (endWait(), null);
    if (!page.total) this.#isBare = await this.#hasNoEvents();
    if (asked !== this.#asked) return null;
    this.fault.hidden = true;
    const same = JSON.stringify(question);
    if (same === this.#answered) this.events.refresh(page);
    else this.#begin(page);
    this.#answered = same;
    this.#shown = asked;
    void month.then(endWait);
    this.#drawItems();
    refocus();
    // A list that fits one page of the API is there as a whole, to be printed as one.
    if (!isMonth && page.total <= PAGE_MAX) this.events.want(0, page.total);
    else if (!isMonth) void this.#askForChosen(question);
    return page;
  }

  /**
   * What stands there answers another question: its number, and its rows, are marked until they answer this
   * one. Where the same is read again nobody waits.
   */
  #await(question, isMonth) {
    this.#endWait();
    if (JSON.stringify(question) === this.#answered) return;
    const isFirst = !this.#answered && this.fault.hidden;
    if (isFirst) say(this.count, "events.loading");
    const end = working(isMonth ? this.calendar.grid : this.list.element, ...(isFirst ? [] : [this.count]));
    this.#endWait = () => {
      this.#endWait = () => {};
      end();
    };
  }

  /**
   * Show the month or the list. The keyboard must not vanish with the other one: the function that is
   * returned, for when the events are there, gives it to their number, or to what led away from the month.
   */
  #layOut(isMonth) {
    // Who opens the page has the keyboard where browsers put it.
    const isOther = this.#asked > 1 && this.calendar.element.hidden === isMonth;
    if (!isMonth) this.calendar.leave();
    this.calendar.element.hidden = !isMonth;
    this.list.element.hidden = isMonth;
    const target = isMonth ? this.calendar : this.count;
    return () => isOther && (isNowhere() || holds(this.count)) && target.focus();
  }

  get #isMonth() {
    return this.#params.layout === "month";
  }

  /** Events are chosen from what is seen: what nobody sees must not be changed or deleted with it. */
  #keepChoice(question) {
    const scope = scopeOf(question, this.#params.layout);
    const isAnother = scope !== this.#scope;
    this.#scope = scope;
    // The rows of before are there until the answer comes.
    if (isAnother && this.#choice.events.length) this.#clearChoice();
    this.#showBulk();
  }

  /** The answer to another question: what was chosen of the rows before it, while they were waiting, goes. */
  #begin(page) {
    if (this.#listed !== this.#scope) this.#choice.clear();
    this.#listed = this.#scope;
    this.events.start(page);
  }

  /** Of a long list, what is chosen further down may have left it as well. */
  async #askForChosen(question) {
    await this.#choice.ask(this.#shown, {
      event: (id) =>
        get(`/eventos/${id}`).catch((fault) => {
          if (fault.status === 404 || fault.status === 410) return null;
          throw fault;
        }),
      isListed: (event) => isFound(event, question, (asked) => this.#read(asked, {})),
    });
    this.#showBulk();
  }

  /** The keyboard must not vanish with the bar. */
  #showBulk() {
    const isHeld = holds(this.bulk.element);
    this.bulk.show();
    if (isHeld && this.bulk.element.hidden) this.count.focus({preventScroll: true});
  }

  /** A question that cannot be answered has no events: those of an earlier one are not shown for it. */
  #refused(fault) {
    if (fault.status < 400 || fault.status >= 500 || fault.status === 429) return void toastFault(fault);
    this.events.start({items: [], total: 0});
    this.#answered = "";
    this.fault.hidden = false;
    this.fault.textContent = faultText(fault);
    this.#drawItems();
  }

  /** Whether there are none at all, rather than none that match. */
  async #hasNoEvents() {
    const any = await get("/eventos?limit=1").catch(() => null);
    return any?.total === 0;
  }

  #showMonth({from: _from, to: _to, sort: _sort, ...filters}) {
    return this.calendar.show(monthOf(this.#params, today()), filters).catch(toastFault);
  }

  /** @param {{limit: number, skip?: number}} place */
  #page(question, place) {
    return this.#read(question, place).catch((fault) => (toastFault(fault), null));
  }

  #read(question, place) {
    return get(`/eventos${query({...question, ...place})}`);
  }

  /** A print says what was asked for; one of a part says so, and where the whole is. */
  #sayPrinted() {
    const count = this.events.total - this.gone.length;
    const shown = this.list.printable;
    const isPart = !this.#isMonth && shown < count;
    const part = isPart && t("events.printed", {shown, count});
    this.printed.textContent = [filtersInWords(this.#params), part].filter(Boolean).join(" – ");
  }

  /** Where an event of the list stands among all, those that wait for their deletion included. */
  #placeOf(place) {
    for (const gone of this.gone) if (gone <= place) place += 1;
    return place;
  }

  #drawItems() {
    this.gone = [...this.events.known()]
      .filter(({item}) => this.deletions.has(item.id))
      .map(({place}) => place)
      .sort((one, other) => one - other);
    this.#choice.follow(this.events, this.#shown);
    const count = this.events.total - this.gone.length;
    this.list.show(count);
    const isFaulty = !this.fault.hidden;
    const isFull = count > 0 || this.#isMonth || isFaulty;
    this.empty.hidden = isFull || this.#isBare;
    this.nothing.hidden = isFull || !this.#isBare;
    this.count.hidden = isFaulty;
    if (this.#isMonth)
      say(this.count, "events.countIn", {count, month: monthInFull(monthOf(this.#params, today()))});
    else say(this.count, "events.count", {count});
    this.#showBulk();
  }

  #take(message) {
    this.#choice.doubt(message, this.#asked);
    if (message.type === "event.updated" && this.events.replace(message.event)) this.#drawItems();
    this.#follow();
  }

  #takeAnew() {
    this.#choice.doubtAll(this.#asked);
    this.#follow();
  }

  #row(event) {
    return eventRow(event, {
      isChosen: this.#choice.has(event.id),
      onChoose: (isChosen) => {
        this.#choice.set(event, isChosen);
        this.bulk.show();
      },
      onDelete: () => this.#delete([event]),
    });
  }

  #delete(events) {
    const near = neighbourOf(document.activeElement);
    this.#clearChoice();
    this.deletions.add(events, {back: () => buttonOf(near) ?? this.list.element});
  }

  #clearChoice() {
    this.#choice.clear();
    this.#drawItems();
  }
}

/** Of a link that was cut off, or is no link to an event. */
const NO_EVENT = new Error("no event has such an id");

async function eventAt(id) {
  if (!/^\d+$/.test(id)) throw NO_EVENT;
  return get(`/eventos/${id}`);
}

const holds = (element) => element.contains(document.activeElement);

/** Whether nothing that is seen has the keyboard. */
const isNowhere = () =>
  document.activeElement === document.body || !document.activeElement.getClientRects().length;

/** Of which event is the row beside the one that has the keyboard: that row is about to go. */
function neighbourOf(element) {
  const row = element?.closest("[data-event]");
  const near = row?.nextElementSibling ?? row?.previousElementSibling;
  return near?.dataset?.event;
}

const buttonOf = (id) => id && document.querySelector(`[data-event="${Number(id)}"] button`);
