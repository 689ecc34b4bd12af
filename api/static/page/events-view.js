import {addressOf, go, parseRoute, replaceAddress} from "./router.js";
import {bulkBar} from "./bulk-bar.js";
import {working} from "./busy.js";
import {Calendar} from "./calendar.js";
import {calendarAddress} from "./calendar-address.js";
import {isFiltered, monthOf, questionOf, scopeOf} from "./event-query.js";
import {Deletions} from "./deletion.js";
import {downloads} from "./downloads.js";
import {editEvent} from "./event-dialog.js";
import {eventFilters} from "./event-filters.js";
import {eventRow} from "./event-row.js";
import {faultText} from "./problem-words.js";
import {get, query, untilAnswered} from "./api.js";
import {monthInFull, today} from "./format.js";
import {h} from "./dom.js";
import {listen} from "./live.js";
import {LongList, PAGE_MAX} from "./long-list.js";
import {say, t} from "./i18n.js";
import {announce, toastFault} from "./tell.js";
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
  #answered = "";
  /** What is read is no longer awaited, or another is. */
  #endWait = () => {};
  /** What the choice of events is about. */
  #scope = "";
  /** The address of the list: whatever the filters still wait to say is not said of another. */
  #address = "";
  #isBare = false;
  /** @type {Record<string, string>} */
  #params = {};
  /** @type {Map<number, any>} */
  #chosen = new Map();

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
      chosen: () => [...this.#chosen.values()],
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
        this.printed,
        this.empty,
        this.nothing,
      ),
    );
    document.addEventListener("language", () => this.#follow());
    addEventListener("hashchange", () => location.hash === this.#address || this.#drop());
    listen(["eventos"], {onMessage: (message) => this.#take(message), onReset: () => this.#follow()});
  }

  /** @param {import("./router.js").Route} route */
  show({view, id, params}) {
    if (view === "event" && id !== null) return void this.#open(id);
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
    if (!this.events.total) void this.#load();
    const event = await get(`/eventos/${encodeURIComponent(id)}`).catch(toastFault);
    const own = location.hash;
    const back = () => location.hash === own && this.#replace(addressOf("events", {params: this.#params}));
    if (event) void editEvent(event, {onClose: back});
    else this.#replace("#events");
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
    else this.events.start(page);
    this.#answered = same;
    void month.then(endWait);
    this.#drawItems();
    refocus();
    // A list that fits one page of the API is there as a whole, to be printed as one.
    if (!isMonth && page.total <= PAGE_MAX) this.events.want(0, page.total);
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
    if (isAnother && this.#chosen.size) this.#clearChoice();
    this.bulk.show();
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

  /** A print of a part says so, and where the whole is. */
  #sayPrinted() {
    const count = this.events.total - this.gone.length;
    const shown = this.list.printable;
    const isPart = !this.#isMonth && shown < count;
    this.printed.textContent = isPart ? t("events.printed", {shown, count}) : "";
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
    for (const {item} of this.events.known()) if (this.#chosen.has(item.id)) this.#chosen.set(item.id, item);
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
    this.bulk.show();
  }

  #take(message) {
    if (message.type === "event.deleted") this.#chosen.delete(message.event_id);
    if (message.type === "event.updated" && this.events.replace(message.event)) this.#drawItems();
    this.#follow();
  }

  #row(event) {
    return eventRow(event, {
      isChosen: this.#chosen.has(event.id),
      onChoose: (isChosen) => {
        if (isChosen) this.#chosen.set(event.id, event);
        else this.#chosen.delete(event.id);
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
    this.#chosen.clear();
    this.#drawItems();
  }
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
