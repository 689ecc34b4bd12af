import {memoryIn} from "/client/choice.js";
import {svg} from "./dom.js";

const HOUR_MS = 60 * 60_000;

/** One sample in so long: an hour is a hundred and twenty points. */
const STEP_MS = 30_000;

const WIDE = 120;
const TALL = 28;

/** How a figure went in the last hour, as far as this tab saw it. Pure but for its memory. */
class Samples {
  /** @param {{load: () => any, save: (value: any) => void}} memory @param {() => number} now */
  constructor(memory, now) {
    this.memory = memory;
    this.now = now;
    const kept = memory.load();
    /** @type {[number, number][]} Times and values. */
    this.all = Array.isArray(kept) ? kept.filter(([at]) => at > now() - HOUR_MS) : [];
  }

  add(value) {
    const at = this.now();
    const last = this.all.at(-1);
    if (last && at - last[0] < STEP_MS && this.all.length > 1) last[1] = value;
    else this.all.push([at, value]);
    while (this.all[0][0] < at - HOUR_MS) this.all.shift();
    this.memory.save(this.all);
  }

  /** @returns {string} The points of a polyline, the newest at the right. */
  points() {
    const values = this.all.map(([, value]) => value);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const now = this.now();
    return this.all
      .map(([at, value]) => {
        const x = WIDE * (1 - (now - at) / HOUR_MS);
        const y = most === least ? TALL / 2 : TALL - 2 - ((TALL - 4) * (value - least)) / (most - least);
        return `${x.toFixed(1)},${y.toFixed(1)}`;
      })
      .join(" ");
  }
}

/** The samples as a line. */
export class Sparkline {
  /** @param {string} name Of the figure. */
  constructor(name) {
    this.samples = new Samples(
      memoryIn(() => sessionStorage, `fasttrack.hour.${name}`),
      Date.now,
    );
    this.line = svg("polyline", {points: ""});
    this.element = svg(
      "svg.sparkline",
      {viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", "aria-hidden": "true"},
      this.line,
    );
  }

  add(value) {
    this.samples.add(value);
  }

  draw() {
    const isLine = this.samples.all.length > 1;
    this.element.toggleAttribute("hidden", !isLine);
    if (isLine) this.line.setAttribute("points", this.samples.points());
  }
}
