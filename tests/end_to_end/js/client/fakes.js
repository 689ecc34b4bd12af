/** A clock that the test turns, and transports that do what the test says. */

export class FakeClock {
  #timers = new Map();
  #next = 1;
  #now = 1_000_000;

  constructor(random = 0.5) {
    this.random = () => random;
    this.now = () => this.#now;
    this.after = (run, ms) => (this.#timers.set(this.#next, {run, due: this.#now + ms}), this.#next++);
    this.cancel = (timer) => this.#timers.delete(timer);
  }

  /** Let time pass, timer by timer, and promises settle in between. */
  async pass(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.due <= end)
        .sort((a, b) => a[1].due - b[1].due)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].due);
      due[1].run();
      await settle();
    }
    this.#now = end;
  }

  /** The machine sleeps: time goes on, timers do not. */
  sleep(ms) {
    this.#now += ms;
  }
}

export const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

export const HELLO = {type: "hello", resume: "fresh", cursor: "e.0", heartbeat_s: 15};

/** Every connection asked for, in order. */
export class FakeTransports {
  opened = [];

  get last() {
    return this.opened.at(-1);
  }

  get all() {
    const open = (name) => (opening, sink) => {
      const connection = {name, opening, sink, isClosed: false, close: () => (connection.isClosed = true)};
      this.opened.push(connection);
      return connection;
    };
    return {sse: open("sse"), ws: open("ws"), poll: open("poll")};
  }

  /** The newest connection proves itself. */
  hello(cursor = "e.0") {
    this.last.sink.message({...HELLO, cursor});
    this.last.sink.ready();
  }
}

export const memoryOf = (value = null) => {
  const memory = {value, load: () => memory.value, save: (next) => (memory.value = next)};
  return memory;
};
