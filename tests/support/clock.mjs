// Time that tests drive: hours of it pass in milliseconds, and no machine is too slow for it.

/** Of how many turns of the event loop the answer to a request may need. */
const TURNS = 3;

// One time for all tests of a file, as they share one core: what a test that fails leaves behind
// goes on in the next one, rather than making that one hang.
let steady = 1_000;
let ahead = Date.UTC(2026, 0, 5, 9);
let count = 0;
const timers = new Map();
const { setImmediate } = globalThis;

/**
 * Puts driven clocks and timers on `globalThis` until the test `t` ends. What is loaded lazily (a
 * core, a simulator) must be there before, for it needs real time.
 */
export function driveTime(t) {
  const before = timers.size;

  t.mock.method(performance, "now", () => steady);
  t.mock.method(Date, "now", () => steady + ahead);
  t.mock.method(globalThis, "setTimeout", (work, delay = 0, ...args) => {
    const timer = { at: steady + Math.max(1, delay), order: count++ };
    timers.set(timer, () => work(...args));
    return timer;
  });
  t.mock.method(globalThis, "clearTimeout", (timer) => timers.delete(timer));

  /** Whatever can happen without time passing does. */
  async function settle() {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  function next() {
    let first;
    for (const timer of timers.keys()) {
      const isEarlier = !first || timer.at < first.at;
      if (isEarlier || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }

  async function fire(timer) {
    steady = Math.max(steady, timer.at);
    const work = timers.get(timer);
    timers.delete(timer);
    work();
    await settle();
  }

  return {
    settle,
    /** Milliseconds that have passed, as the core's steady clock has it. */
    now: () => steady,
    /** How many timers are set: each keeps a process alive. */
    timers: () => timers.size - before,
    /** Lets so many milliseconds pass. */
    async pass(ms) {
      await settle();
      const until = steady + ms;
      for (let timer = next(); timer && timer.at <= until; timer = next()) await fire(timer);
      steady = until;
      await settle();
    },
    /**
     * Lets time pass until `promise` settles, and gives its outcome. A promise that never does is
     * told from one that takes long: no timer is left, or a day is over.
     */
    async until(promise, { most = 86_400_000 } = {}) {
      let isOpen = true;
      const closed = () => (isOpen = false);
      promise.then(closed, closed);
      const began = steady;
      await settle();
      while (isOpen) {
        const timer = next();
        if (!timer) throw new Error(`it hangs: after ${steady - began} ms no timer is left`);
        if (timer.at - began > most) throw new Error(`it goes on for longer than ${most} ms`);
        await fire(timer);
      }
      return promise;
    },
    /** The machine sleeps: its steady clock and its timers stand still meanwhile. */
    sleepMachine(ms) {
      ahead += ms;
    },
    /** Somebody sets the clock. */
    setWall(by) {
      ahead += by;
    },
  };
}
