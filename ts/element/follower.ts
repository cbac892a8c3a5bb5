// What elements follow: one watch for each task of a client, whatever the number of elements.
import type { AnaplanError } from "../error.js";
import type { Anaplan, ClientEvent, Task, TaskStatus, TaskWatch, WatchOptions } from "../types.js";
import { load } from "./load.js";
import { passes } from "./passing.js";
import { pathOf } from "./path.js";
import { sentence } from "./text.js";

export type WhenHidden = NonNullable<WatchOptions["whenHidden"]>;

/** What is known of a task. */
export interface Followed {
  status?: TaskStatus | undefined;
  /** Why it could not be asked for, as long as it could not. */
  error?: AnaplanError | undefined;
  /** When it is asked for again by itself, in milliseconds since the epoch; unset, it is not. */
  retryAt?: number | undefined;
  /** It is being asked for, after a fault. */
  isRetrying?: boolean | undefined;
}

export type Listener = (followed: Followed) => void;

const followers = new WeakMap<Anaplan | Task, Map<string, Follower>>();

/** Who follows that task for this client; for itself, where its client is not known. */
export function followerOf(owner: Anaplan | Task, task: Task, whenHidden: WhenHidden): Follower {
  let known = followers.get(owner);
  if (!known) followers.set(owner, (known = new Map()));
  const key = `${whenHidden} ${pathOf(task.ref)}`;
  let follower = known.get(key);
  if (!follower) {
    follower = new Follower(task, whenHidden, () => known.delete(key));
    known.set(key, follower);
  }
  return follower;
}

/** Those that somebody listens to. */
const live = new Set<Follower>();

/** Something that a client did: of a question that failed and is asked again, its followers tell. */
export function heed(event: ClientEvent): void {
  if (event.type !== "retry" || event.method !== "GET" || !event.ref) return;
  const path = pathOf(event.ref);
  for (const follower of live) {
    if (pathOf(follower.task.ref) === path) void follower.struggle(event);
  }
}

// Between two tries of what the client itself has given up: it has tried for a while by then.
const first = 30_000;
const last = 300_000;

/** Follows a task while somebody listens. */
export class Follower {
  readonly task: Task;
  #watch: TaskWatch;
  #listeners = new Set<Listener>();
  #followed: Followed = {};
  #end: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = first;
  #leaving = new AbortController();
  #forget: () => void;

  constructor(task: Task, whenHidden: WhenHidden, forget: () => void) {
    this.task = task;
    this.#watch = task.watch({ whenHidden });
    this.#forget = forget;
  }

  /** Tells at once what is known, and then what changes. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin();
    else listener(this.#followed);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop();
    };
  }

  /** Asks now, as far as the client does. */
  async refresh(): Promise<void> {
    if (this.#followed.status?.done) return;
    if (!this.#end) return this.#retry();
    const { signal } = this.#leaving;
    try {
      // The watch learns of this answer.
      await this.task.status({ signal });
    } catch (error) {
      // But of no fault, while it waits.
      if (this.#end !== undefined && !signal.aborted) this.#lose(error as AnaplanError);
      return;
    }
    // Or it had given up by then.
    if (!this.#end && !signal.aborted) this.#retry();
  }

  /** Its client is going to ask again. */
  async struggle({ code, message, delay }: ClientEvent & { type: "retry" }): Promise<void> {
    const before = this.#followed;
    const retryAt = Date.now() + delay;
    // Which is there by now.
    const { AnaplanError } = await load();
    if (before !== this.#followed || !this.#end) return;
    // What would follow on what was being done stands alone here.
    const fields = { code, message: sentence(message), retryable: true, ref: this.task.ref };
    const error = new AnaplanError(fields);
    this.#tell({ ...before, error, retryAt, isRetrying: false });
  }

  #begin(): void {
    this.#leaving = new AbortController();
    live.add(this);
    addEventListener("online", this.#retry);
    this.#ask();
  }

  #ask(): void {
    clearTimeout(this.#timer);
    this.#end = this.#watch.subscribe(
      (status) => this.#see(status),
      (error) => this.#lose(error as AnaplanError),
    );
  }

  #stop(): void {
    live.delete(this);
    this.#leaving.abort();
    removeEventListener("online", this.#retry);
    clearTimeout(this.#timer);
    this.#end?.();
    this.#end = undefined;
    this.#forget();
  }

  #see(status: TaskStatus): void {
    this.#delay = first;
    this.#tell({ status });
  }

  #lose(error: AnaplanError): void {
    this.#end?.();
    this.#end = undefined;
    const { status } = this.#followed;
    if (!passes(error)) return this.#tell({ status, error });
    const delay = this.#delay;
    this.#delay = Math.min(last, 2 * delay);
    this.#timer = setTimeout(this.#retry, delay);
    this.#tell({ status, error, retryAt: Date.now() + delay });
  }

  // Also what is done as soon as there is a connection again.
  #retry = (): void => {
    if (this.#end || !this.#followed.error) return;
    this.#tell({ ...this.#followed, retryAt: undefined, isRetrying: true });
    this.#ask();
  };

  #tell(followed: Followed): void {
    this.#followed = followed;
    for (const listener of [...this.#listeners]) listener(followed);
  }
}
