// What happens should a core ever break down. It leaves its promises pending for ever, and its
// memory as it may be: whoever waits is told from here, and nothing gets in any more.
import { AnaplanError } from "./error.js";

/** Stands between one core and everybody else. */
export type Guard = ReturnType<typeof guard>;

type Call = (...args: unknown[]) => unknown;
/** Eight are enough, as the build checks, and a list of them made for each call would take longer. */
type Eight = (
  ...args: [unknown?, unknown?, unknown?, unknown?, unknown?, unknown?, unknown?, unknown?]
) => unknown;
type Functions = Record<string, unknown>;
type Reject = (error: AnaplanError) => void;

/** A guard for one core, which calls `lost` should that core break down. */
export function guard(lost: () => void) {
  let error: AnaplanError | undefined;
  /** How many calls into the core are under way, one inside the other. */
  let depth = 0;
  const waiting = new Set<Reject>();
  const timers = new Set<ReturnType<typeof setTimeout>>();

  /** The core broke down here: at a place in its source, or with something that was thrown. */
  function breakDown(where: unknown): void {
    if (error) return;
    error = new AnaplanError({
      code: "INTERNAL",
      message: `The core broke down (${String(where)}). This is a fault of anaplan-tasks: please report it. The next connect() starts a new one.`,
      retryable: false,
    });
    for (const reject of waiting) reject(error);
    waiting.clear();
    // They would keep a program from ending.
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    lost();
    // Until V8 has put a stack into words, it keeps what stood on it: here, the core's memory.
    void error.stack;
  }

  /** What a call gives, unless the core breaks down or did so before. */
  function now<T>(call: () => T): T {
    let value: T;
    try {
      value = call();
    } catch (thrown) {
      // Glue that was given nothing throws what it likes.
      throw error ?? thrown;
    }
    if (error) throw error;
    return value;
  }

  /** The same, later. */
  function later<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const promise = now(call);
      waiting.add(reject);
      promise.finally(() => waiting.delete(reject)).then(resolve, reject);
    });
  }

  /**
   * What the glue gets for the exports of its instance. All ways in lead through here: calls, timers,
   * answers, signals, the collection of garbage.
   */
  function entries(exports: Functions, reset: (instance: { exports?: Functions }) => void) {
    // Whatever they are: nobody is there.
    if (error) return new Proxy<Functions>({}, { get: () => () => nothing });
    return each(exports, (call) => (a, b, c, d, e, f, g, h) => {
      depth++;
      try {
        if (error) throw error;
        return call(a, b, c, d, e, f, g, h);
      } catch (thrown) {
        breakDown(thrown);
        // Inside, the core itself is who called. Outside it is the host, which would end a Node
        // program; our own calls look whether there is an error.
        if (depth > 1) throw error;
        return nothing;
      } finally {
        // Out of the core for good: the glue lets go of its memory, whoever still holds the glue.
        if (!--depth && error) reset({});
      }
    });
  }

  /**
   * What the instance gets for its imports. A function of the caller's may have called into the core
   * again and broken it: the calls around that one must not go on.
   */
  function exits(imports: Functions) {
    return each(imports, (call) => (a, b, c, d, e, f, g, h) => {
      const value = call(a, b, c, d, e, f, g, h);
      if (error) throw error;
      return value;
    });
  }

  const host = {
    entries,
    exits,
    setTimeout(...args: Parameters<typeof setTimeout>) {
      const timer = setTimeout(...args);
      timers.add(timer);
      return timer;
    },
    // The core clears each of its timers, also one that has fired.
    clearTimeout(timer: ReturnType<typeof setTimeout>) {
      timers.delete(timer);
      clearTimeout(timer);
    },
  };
  return { host, breakDown, now, later };
}

/** What a call gives where there is no core any more: glue takes some answers apart. */
const nothing: readonly unknown[] = [];

function each(functions: Functions, wrapped: (call: Call) => Eight): Functions {
  const wrap = (value: unknown) => (typeof value === "function" ? wrapped(value as Call) : value);
  return Object.fromEntries(Object.entries(functions).map(([name, value]) => [name, wrap(value)]));
}
