// Ctrl-C, and its like from other processes.
import { exit } from "./exit.js";

/** Why something ended: somebody wanted it to. */
export class Interrupted extends Error {}

/** Hears the user: the first time something ends in good order, the second time at once. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #hear = () => this.interrupt();
  readonly #hurry: () => void;

  /** `hurry` says the last word. */
  constructor(hurry: () => void) {
    this.#hurry = hurry;
    for (const signal of signals) process.on(signal, this.#hear);
  }

  /** Aborts the first time, with `Interrupted` as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  interrupt(): void {
    if (!this.signal.aborted) {
      this.#controller.abort(new Interrupted("interrupted"));
      return;
    }
    this.#hurry();
    process.exit(exit.interrupted);
  }

  /** From now on they do what they do to any process. */
  end(): void {
    for (const signal of signals) process.off(signal, this.#hear);
  }
}

const signals = ["SIGINT", "SIGTERM"] as const;
