// A task, and what is observed of it.
import type { CallOptions, WatchOptions } from "./call.js";
import type { Download, DumpOptions } from "./file.js";
import type { TaskRef } from "./reference.js";

/** A task. Any number of these for one task share their requests. */
export interface Task {
  readonly ref: TaskRef;
  /** Its status, at most five seconds old: within five seconds of an answer that one is given. */
  status(call?: CallOptions): Promise<TaskStatus>;
  /**
   * Asks Anaplan to cancel it. A request, not a promise that it stops: only a later status tells
   * whether it ended as `CANCELLED` or still as `COMPLETE`. Where Anaplan refuses or says that it is
   * too late, Anaplan is asked, and the status is what it says then: a `phase` of `running` means
   * that nothing was cancelled.
   */
  cancel(call?: CallOptions): Promise<TaskStatus>;
  /**
   * Follows it to its end: the first status at once, then each answer as it comes. Asks only while
   * the next status is awaited; leaving the loop ends it.
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  watch(options?: WatchOptions): TaskWatch;
  /** Waits for its end, whatever that is: look at `phase`. */
  outcome(options?: WatchOptions): Promise<TaskStatus>;
  /**
   * Waits for its success.
   * @throws {@link AnaplanError} `TASK_FAILED`, `TASK_CANCELLED`; `taskStatus` says more
   */
  result(options?: WatchOptions): Promise<TaskResult>;
  /**
   * The rows that an import refused, or a step of a process (`objectId`), as CSV with what was wrong
   * with each. Anaplan keeps them for the user's last run, for 48 hours.
   * @throws {@link AnaplanError} `NOT_FOUND`
   */
  dump(options?: DumpOptions): Promise<Download>;
}

/** Statuses as they are observed, the last one final. Each iteration is a watch of its own. */
export interface TaskWatch extends AsyncIterable<TaskStatus>, Subscribable {}

/**
 * The same for those who are called: all subscribers share one watch, which begins with the first
 * of them and ends with the last. Both functions can be handed on as they are, to React's
 * `useSyncExternalStore(watch.subscribe, watch.getSnapshot)` for one.
 */
export interface Subscribable {
  /**
   * @param onStatus called with each status
   * @param onError called when the watch fails, which ends it; left out, the error is reported like
   * one that nobody caught
   * @returns what ends the subscription
   */
  subscribe(
    this: void,
    onStatus: (status: TaskStatus) => void,
    onError?: (error: unknown) => void,
  ): () => void;
  /** The status that came last, the same object until another comes. */
  getSnapshot(this: void): TaskStatus | undefined;
}

/** What a task is doing. */
export type Phase =
  "waiting" | "running" | "cancelling" | "succeeded" | "failed" | "cancelled" | "unknown";

/** One observation of a task: the API's own fields, then what they mean. */
export interface TaskStatus {
  taskId: string;
  /** The server's own word, whatever it may be. `COMPLETE` does not mean success. */
  taskState:
    "NOT_STARTED" | "IN_PROGRESS" | "COMPLETE" | "CANCELLING" | "CANCELLED" | (string & {});
  /** Free text. */
  currentStep?: string;
  /** From 0 to 1; absent when Anaplan does not know. */
  progress?: number;
  /** Milliseconds since the epoch, by Anaplan's clock. */
  creationTime?: number;
  /** How it ended; absent until then, and now and then after a cancel. */
  result?: TaskResult;
  ref: TaskRef;
  /** `unknown` is a state that is not known here, or an end without a word on success. */
  phase: Phase;
  /** Whether it is over. */
  done: boolean;
  /** When the answer came, in milliseconds since the epoch, by the clock here. */
  observedAt: number;
  /** When the next question is due, likewise; only while watching. */
  nextPollAt?: number;
  /**
   * What earlier runs say of this one, only while watching and with a `history`. An estimate: absent
   * where too little is known, and where this run takes longer than all before.
   */
  expected?: TaskExpectation;
}

/** When a run may end, in milliseconds. */
export interface TaskExpectation {
  /** From the status to the end. */
  remaining: number;
  /** From the beginning to the end. */
  total: number;
  /** How many runs say so. */
  runs: number;
}

/** How a task, or one step of a process, ended. */
export interface TaskResult {
  /** The only sign of success; `false` too where Anaplan does not say, and `phase` is `unknown`. */
  successful: boolean;
  objectId?: string;
  objectName?: string;
  /** Whether the rows that failed can be fetched. */
  failureDumpAvailable: boolean;
  /** Anaplan's remarks: on a failure, why. */
  details: TaskResultDetail[];
  /** The steps of a process that ran, in order. */
  nestedResults: TaskResult[];
}

/** One remark. */
export interface TaskResultDetail {
  /** A code such as `exportSucceeded` or `notAuthorised`. */
  type: string;
  text?: string;
  occurrences: number;
  values: Record<string, string | null>;
}
