// Time that passes when told to. It replaces the timers and clocks of `globalThis`, and is quick
// enough to be nearly nothing beside what it drives: setting, clearing and finding the next timer
// take the same few steps however many timers there are.
//
// A wheel of one slot per millisecond, each a list; a timer further ahead than the wheel is long
// stays in its slot until its turn. Whole blocks of empty slots are skipped.

const SLOTS = 65_536;
const BLOCK = 256;

export class Clock {
  /** Milliseconds since the start. */
  now = 0;
  #epoch = 1_764_000_000_000;
  #slots = new Array(SLOTS).fill(null);
  #inBlock = new Int32Array(SLOTS / BLOCK);

  /** Puts itself in the place of the host's. */
  install() {
    performance.now = () => this.now;
    Date.now = () => this.#epoch + this.now;
    globalThis.setTimeout = (callback, delay) => this.#set(callback, delay);
    globalThis.clearTimeout = (timer) => this.#clear(timer);
  }

  /** Lets time pass until then; `settle` is called after each timer. */
  passUntil(end, settle) {
    while (this.now < end) {
      const slot = this.now % SLOTS;
      if (slot % BLOCK === 0 && this.#inBlock[slot / BLOCK] === 0) {
        this.now = Math.min(this.now + BLOCK, end);
        continue;
      }
      this.#fire(slot, settle);
      this.now++;
    }
  }

  #fire(slot, settle) {
    let timer = this.#slots[slot];
    while (timer) {
      // A timer that is set by a callback is at least a millisecond away: never in this slot, but a
      // turn of the wheel later. One that is cleared by it may be the next.
      if (timer.at <= this.now) {
        this.#clear(timer);
        timer.callback();
        settle();
        timer = this.#slots[slot];
      } else {
        timer = timer.next;
      }
    }
  }

  #set(callback, delay) {
    const at = this.now + Math.max(1, Math.trunc(delay) || 0);
    const slot = at % SLOTS;
    const timer = { callback, at, before: null, next: this.#slots[slot], isSet: true };
    if (timer.next) timer.next.before = timer;
    this.#slots[slot] = timer;
    this.#inBlock[Math.trunc(slot / BLOCK)]++;
    return timer;
  }

  #clear(timer) {
    if (!timer?.isSet) return;
    timer.isSet = false;
    const slot = timer.at % SLOTS;
    if (timer.before) timer.before.next = timer.next;
    else this.#slots[slot] = timer.next;
    if (timer.next) timer.next.before = timer.before;
    this.#inBlock[Math.trunc(slot / BLOCK)]--;
  }
}
