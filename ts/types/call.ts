// How long a call goes on, and how a task is watched.
import type { AnaplanError } from "../error.js";

/** How long a call goes on. */
export interface CallOptions {
  /**
   * Gives up at once, with the signal's own reason. The task runs on: aborting is not cancelling.
   */
  signal?: AbortSignal | undefined;
  /** Gives up after so many milliseconds, with `TIMEOUT`. The task runs on. */
  timeout?: number | undefined;
}

/** How a task is watched. */
export interface WatchOptions extends CallOptions {
  /**
   * The least time between two questions, in milliseconds. Raised to 5000 when lower, which
   * Anaplan asks for. Each wait is about a second longer than the one before.
   * @default 5000
   */
  interval?: number | undefined;
  /**
   * The most, likewise.
   * @default 30000
   */
  maxInterval?: number | undefined;
  /**
   * What an abort of `signal` means for the task: that it runs on, or that Anaplan is asked to cancel
   * it, which the call does not wait for.
   * @default "detach"
   */
  onAbort?: "detach" | "cancel" | undefined;
  /**
   * How to ask while the page is in the background: at `maxInterval`, not at all, or as ever. When it
   * is shown again, Anaplan is asked at once if five seconds have passed.
   * @default "slow"
   */
  whenHidden?: "slow" | "pause" | "normal" | undefined;
}

/** How many tasks are watched. */
export interface WatchAllOptions extends WatchOptions {
  /** Takes the failure of one task, whose `ref` says which; the others go on. */
  onError?: ((error: AnaplanError) => void) | undefined;
}
