import type { AnaplanError } from "../error.js";
import type { ActionRef, Anaplan, Task, TaskRef } from "../types.js";
import { connectTo, type Connection } from "./connection.js";
import { followerOf, type Followed, type Follower, type WhenHidden } from "./follower.js";
import { newestOf, type Newest } from "./newest.js";
import { pathOf, withoutTask } from "./path.js";
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
  #follower: Follower | undefined;
  #leave: (() => void)[] = [];
  /** Another with each opening: what comes late belongs to an earlier one. */
  #opening: object | undefined;

  /** `changed` is called when anything here has. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Begins anew, unless it is what is followed already. */
  async open(order: Order): Promise<void> {
    if (this.#opening && this.#order && isSame(this.#order, order)) return;
    this.close();
    this.#order = order;
    const opening = (this.#opening = {});
    try {
      const client = await this.#connect(order);
      if (this.#opening !== opening) return;
      this.client = client;
      await this.#begin(order.target);
    } catch (error) {
      if (this.#opening === opening) this.#tell({ error: error as AnaplanError });
    }
  }

  /** Follows that one from now on. */
  follow(task: Task): void {
    if (this.task && pathOf(this.task.ref) === pathOf(task.ref)) return;
    this.#unfollow();
    this.task = task;
    this.action = withoutTask(task.ref);
    this.isEmpty = false;
    this.followed = {};
    this.#follower = followerOf(
      this.client ?? unknownClient,
      task,
      this.#order?.whenHidden ?? "slow",
    );
    this.#leave.push(this.#follower.subscribe((followed) => this.#tell(followed)));
  }

  /** Asks now; takes up again what had ended. */
  async refresh(): Promise<void> {
    if (!this.#order) return;
    if (this.isStopped || (!this.#follower && !this.#newest)) {
      this.#opening = undefined;
      return this.open(this.#order);
    }
    await Promise.all([this.#newest?.look(), this.#follower?.refresh()]);
  }

  /** Asks no more. What was seen stays. */
  stop(): void {
    this.isStopped = true;
    this.#detach();
    this.followed = { status: this.followed.status };
    this.#changed();
  }

  /** Forgets everything. */
  close(): void {
    this.#detach();
    this.client = this.task = this.action = undefined;
    this.followed = {};
    this.isEmpty = this.isStopped = false;
  }

  async #connect({ target, client, baseUrl, keepsHistory }: Order): Promise<Anaplan | undefined> {
    if ("problem" in target) return invalid(target.problem);
    if (client) return client;
    if ("own" in target && !baseUrl) return undefined;
    if (!baseUrl) return invalid("`base-url` is missing: the address of the gateway.");
    this.#connection = connectTo(baseUrl, keepsHistory);
    return this.#connection.client;
  }

  async #begin(target: Target): Promise<void> {
    if ("own" in target) return this.follow(target.own);
    const client = this.client!;
    if ("task" in target) return this.follow(client.task(target.task));
    if (!("action" in target)) return;
    // Which refuses ids that cannot be.
    this.action = client.action(target.action).ref;
    this.#newest = newestOf(client, this.action);
    this.#leave.push(this.#newest.subscribe(({ ref, error }) => this.#find(client, ref, error)));
  }

  /** What is being watched tells more than the list that it was found in. */
  #find(client: Anaplan, ref: TaskRef | undefined, error: AnaplanError | undefined): void {
    if (ref) return this.follow(client.task(ref));
    if (this.task) return;
    this.isEmpty = !error;
    this.#tell({ error });
  }

  #tell(followed: Followed): void {
    this.followed = followed;
    this.#changed();
  }

  #unfollow(): void {
    this.#follower = undefined;
    // The newest is looked for by the first of them, if it is.
    const kept = this.#newest ? 1 : 0;
    for (const leave of this.#leave.splice(kept)) leave();
  }

  #detach(): void {
    this.#opening = undefined;
    this.#follower = this.#newest = undefined;
    for (const leave of this.#leave.splice(0)) leave();
    this.#connection?.release();
    this.#connection = undefined;
  }
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

/** Stands for the client of a task whose own is not known. */
const unknownClient = {} as Anaplan;

/** By the client's own class, which comes with the client. */
async function invalid(message: string): Promise<never> {
  const { AnaplanError } = await import("../index.js");
  throw new AnaplanError({ code: "INVALID_ARGUMENT", message, retryable: false });
}
