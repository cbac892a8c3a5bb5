/// <reference lib="esnext.disposable" />
import type { WatchAllOptions } from "./call.js";
import type { TaskRef } from "./reference.js";
import type { Task, TaskStatus } from "./task.js";

/** A client. */
export interface Anaplan {
  /**
   * A task to ask for. Sends nothing.
   * @param ref the ids, or the task's URL or path
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  task(ref: TaskRef | string): Task;
  /**
   * Follows many tasks, each to its end: every status as it comes, of whichever task. A loop that
   * takes its time gets the latest of each. What fails for one task (it is gone, say) ends the loop
   * with that error, or is handed to `onError`, and the others go on.
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  watchAll(tasks: Iterable<TaskRef | string>, options?: WatchAllOptions): AsyncIterable<TaskStatus>;
  /**
   * Ends every watch, and rejects whatever else is waiting with an `AbortError`. The tasks
   * themselves run on.
   */
  close(): void;
  [Symbol.dispose](): void;
}
