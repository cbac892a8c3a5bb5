// Which run of an action is the newest: looked for once for all elements that show it.
import type { AnaplanError } from "../error.js";
import type { ActionRef, Anaplan, TaskRef } from "../types.js";
import { passes } from "./passing.js";
import { actionPath } from "./path.js";

/** The newest run; without one, there is none. */
export interface Found {
  ref?: TaskRef | undefined;
  /** Why nobody knows now. */
  error?: AnaplanError | undefined;
  /** When it is looked for again by itself, in milliseconds since the epoch. */
  retryAt?: number | undefined;
  /** It is being looked for, after a fault. */
  isRetrying?: boolean | undefined;
}

type Listener = (found: Found) => void;

const known = new WeakMap<Anaplan, Map<string, Newest>>();

/** Who looks for the runs of that action for this client. */
export function newestOf(client: Anaplan, ref: ActionRef): Newest {
  let ofClient = known.get(client);
  if (!ofClient) known.set(client, (ofClient = new Map()));
  const key = actionPath(ref);
  let newest = ofClient.get(key);
  if (!newest) ofClient.set(key, (newest = new Newest(client, ref, () => ofClient.delete(key))));
  return newest;
}

// Somebody else may start a run at any time; that it is seen within a minute is soon enough.
const between = 60_000;

/** Looks while somebody listens, and not while nobody sees the page. */
export class Newest {
  #client: Anaplan;
  #ref: ActionRef;
  #listeners = new Set<Listener>();
  #found: Found | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #looking: AbortController | undefined;
  #lookedAt = 0;
  #forget: () => void;

  constructor(client: Anaplan, ref: ActionRef, forget: () => void) {
    this.#client = client;
    this.#ref = ref;
    this.#forget = forget;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#found) listener(this.#found);
    if (this.#listeners.size === 1) {
      addEventListener("online", this.#lookIfDue);
      document.addEventListener("visibilitychange", this.#lookIfDue);
      void this.look();
    }
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      removeEventListener("online", this.#lookIfDue);
      document.removeEventListener("visibilitychange", this.#lookIfDue);
      clearTimeout(this.#timer);
      this.#looking?.abort();
      this.#forget();
    };
  }

  /** Looks now. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#looking) return;
    const { signal } = (this.#looking = new AbortController());
    this.#lookedAt = Date.now();
    if (this.#found?.error) {
      this.#tell({ ...this.#found, retryAt: undefined, isRetrying: true });
    }
    try {
      const ref = await this.#first(signal);
      if (!signal.aborted) this.#tell({ ref });
    } catch (thrown) {
      if (signal.aborted) return;
      const error = thrown as AnaplanError;
      const ref = this.#found?.ref;
      // With a run to show, nobody is told, and so nobody would have it looked for again.
      if (!ref && !passes(error)) return this.#wait(error);
      this.#tell({ ref, error, retryAt: Date.now() + between });
    }
    if (!signal.aborted) this.#rest();
  }

  /** That one was started just now: what a look under way finds is older. */
  begin(ref: TaskRef): void {
    this.#looking?.abort();
    this.#tell({ ref });
    this.#rest();
  }

  /** For somebody: a look out of turn, or a page that is looked at again. */
  #wait(error: AnaplanError): void {
    this.#looking = undefined;
    this.#tell({ error });
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#looking = undefined;
    this.#timer = setTimeout(this.#lookIfDue, between);
  }

  #lookIfDue = (event?: Event): void => {
    const isDue = Date.now() - this.#lookedAt >= between / 2;
    // What failed may work now.
    const mayWork = event?.type === "online" && this.#found?.error;
    if (!document.hidden && (isDue || mayWork)) void this.look();
  };

  async #first(signal: AbortSignal): Promise<TaskRef | undefined> {
    for await (const { ref } of this.#client.action(this.#ref).tasks({ signal })) return ref;
    return undefined;
  }

  #tell(found: Found): void {
    this.#found = found;
    for (const listener of [...this.#listeners]) listener(found);
  }
}
