import type { AnaplanError } from "../error.js";
import type { ActionRef, Anaplan, Task } from "../types.js";
import { connectTo, type Connection } from "./connection.js";
import { followerOf, type Followed, type Follower, type WhenHidden } from "./follower.js";
import { remember } from "./history.js";
import { load } from "./load.js";
import { newestOf, type Found, type Newest } from "./newest.js";
import { actionPath, pathOf, withoutTask } from "./path.js";
import type { Target } from "./target.js";

/** What an element is to show, and by whom it is asked for. */
export interface Order {
  target: Target;
  client: Anaplan | null;
  baseUrl: string | null;
  keepsHistory: boolean;
  whenHidden: WhenHidden;
}

/** What is followed for one element: a task, or the newest of an action, whichever that is. */
export class Subject {
  client: Anaplan | undefined;
  task: Task | undefined;
  action: ActionRef | undefined;
  followed: Followed = {};
  /** The action has no run. */
  isEmpty = false;
  isStopped = false;
  #changed: () => void;
  #order: Order | undefined;
  #connection: Connection | undefined;
  #newest: Newest | undefined;
  #leaveNewest: (() => void) | undefined;
  #follower: Follower | undefined;
  #leaveFollower: (() => void) | undefined;
  /** Another with each opening: what comes late belongs to an earlier one. */
  #opening: object | undefined;
  /** Another with each thing that is to be shown, and when nothing is any more. */
  #showing = {};
  /** While it is not known by whom to ask: the end of that. */
  #connecting: Promise<void> | undefined;

  /** `changed` is called when anything here has. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Begins anew, and says so, unless it is what is followed, or was until the page stopped it. */
  open(order: Order): boolean {
    const isKnown = this.#order && isSame(this.#order, order);
    if (isKnown && (this.#opening || this.isStopped)) return false;
    this.close();
    this.isStopped = false;
    void this.#open(order);
    return true;
  }

  /** Whether it is not known yet by whom to ask, and so not what can be done. */
  get isConnecting(): boolean {
    return this.#connecting !== undefined;
  }

  /** Waits until it is; says whether what was shown then is shown still. */
  async connected(): Promise<boolean> {
    const showing = this.#showing;
    await this.#connecting;
    return showing === this.#showing;
  }

  /** Follows that one from now on. */
  follow(task: Task): void {
    if (this.#follower && this.task && isOf(this.task, task)) return;
    const { status } = this.followed;
    this.#unfollow();
    this.#opening ??= {};
    this.task = task;
    this.action = withoutTask(task.ref);
    this.isEmpty = this.isStopped = false;
    this.followed = status && pathOf(status.ref) === pathOf(task.ref) ? { status } : {};
    this.#changed();
    const { whenHidden = "slow", keepsHistory } = this.#order ?? {};
    const forget = keepsHistory ? remember(actionPath(this.action)) : undefined;
    this.#follower = followerOf(this.client ?? task, task, whenHidden);
    const leave = this.#follower.subscribe((followed) => this.#tell(followed));
    this.#leaveFollower = () => {
      leave();
      forget?.();
    };
  }

  /** Follows what was started just now, and so do all that show the newest of its action. */
  followNew(task: Task): void {
    this.follow(task);
    this.#newest?.begin(task.ref);
  }

  /** Asks now; takes up again what had ended. */
  async refresh(): Promise<void> {
    if (!this.#order || this.#connecting) return this.#connecting;
    const isBroken = this.followed.error?.code === "INTERNAL";
    if (this.isStopped || isBroken || (!this.#follower && !this.#newest)) {
      this.isStopped = false;
      return this.#open(this.#order);
    }
    await Promise.all([this.#newest?.look(), this.#follower?.refresh()]);
  }

  /** Asks no more. What was seen stays, and what can be done with it. */
  stop(): void {
    this.isStopped = true;
    this.#opening = this.#connecting = undefined;
    this.#leave();
    this.followed = { status: this.followed.status };
    this.#changed();
  }

  /** Forgets everything but that it was stopped. */
  close(): void {
    this.#showing = {};
    this.#opening = this.#connecting = undefined;
    this.#leave();
    this.#release();
    this.client = this.task = this.action = undefined;
    this.followed = {};
    this.isEmpty = false;
  }

  /**
   * Does something that must come to its end: the client stays open for it, even where the element
   * leaves the page. Says also whether what was shown then is shown still.
   */
  async during<T>(deed: () => Promise<T>): Promise<[T, boolean]> {
    const showing = this.#showing;
    const connection = this.#connection?.again();
    try {
      const result = await deed();
      return [result, showing === this.#showing];
    } finally {
      connection?.release();
    }
  }

  #open(order: Order): Promise<void> {
    this.#leave();
    this.#release();
    this.#order = order;
    this.#opening = {};
    return (this.#connecting = this.#begin(order, this.#opening));
  }

  async #begin(order: Order, opening: object): Promise<void> {
    try {
      const client = await this.#connect(order);
      if (this.#opening !== opening) return;
      this.#connecting = undefined;
      this.client = client;
      this.#show(order.target);
    } catch (error) {
      if (this.#opening !== opening) return;
      this.#connecting = undefined;
      this.#tell({ error: error as AnaplanError });
    }
  }

  async #connect({ target, client, baseUrl }: Order): Promise<Anaplan | undefined> {
    if ("problem" in target) return invalid(target.problem);
    if (client) return client;
    if ("own" in target && !baseUrl) return undefined;
    if (!baseUrl) return invalid("`base-url` is missing: the address of the gateway.");
    this.#connection = connectTo(baseUrl);
    return this.#connection.client;
  }

  #show(target: Target): void {
    if ("own" in target) return this.follow(target.own);
    const client = this.client!;
    if ("task" in target) return this.follow(client.task(target.task));
    if (!("action" in target)) return;
    // Which refuses ids that cannot be.
    this.action = client.action(target.action).ref;
    this.#newest = newestOf(client, this.action);
    this.#leaveNewest = this.#newest.subscribe((found) => this.#find(client, found));
  }

  /** What is being watched tells more than the list that it was found in. */
  #find(client: Anaplan, { ref, ...rest }: Found): void {
    if (ref) return this.follow(client.task(ref));
    if (this.task) return;
    this.isEmpty = !rest.error;
    this.#tell(rest);
  }

  #tell(followed: Followed): void {
    // Whoever connects next gets another core.
    if (followed.error?.code === "INTERNAL") this.#connection?.discard();
    this.followed = followed;
    this.#changed();
  }

  #unfollow(): void {
    this.#leaveFollower?.();
    this.#follower = this.#leaveFollower = undefined;
  }

  #leave(): void {
    this.#unfollow();
    this.#leaveNewest?.();
    this.#newest = this.#leaveNewest = undefined;
  }

  #release(): void {
    this.#connection?.release();
    this.#connection = undefined;
  }
}

function isOf(one: Task, other: Task): boolean {
  return pathOf(one.ref) === pathOf(other.ref);
}

function isSame(one: Order, other: Order): boolean {
  return (
    one.target.key === other.target.key &&
    one.client === other.client &&
    one.baseUrl === other.baseUrl &&
    one.keepsHistory === other.keepsHistory &&
    one.whenHidden === other.whenHidden
  );
}

/** By the client's own class, which comes with the client. */
async function invalid(message: string): Promise<never> {
  const { AnaplanError } = await load();
  throw new AnaplanError({ code: "INVALID_ARGUMENT", message, retryable: false });
}
