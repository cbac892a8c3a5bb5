/// <reference lib="esnext.disposable" />
import type {
  Action,
  ExportSummary,
  ImportSummary,
  OtherActionSummary,
  ProcessSummary,
} from "./action.js";
import type { CallOptions, WatchAllOptions } from "./call.js";
import type { FileSummary, ModelFile } from "./file.js";
import type { ActionRef, FileRef, ModelRef, TaskRef } from "./reference.js";
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
   * An action to start, or to learn about. Sends nothing.
   * @param ref the ids, or the action's URL or path
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  action<R extends ActionRef>(ref: R): Action<R>;
  action(ref: ActionRef | string): Action;
  /**
   * A file of a model. Sends nothing.
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  file(ref: FileRef): ModelFile;
  /**
   * The exports of a model, as many as there are; asked for in pages, as they are read.
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  exports(model: ModelRef, call?: CallOptions): AsyncIterable<ExportSummary>;
  /** Its imports, likewise. */
  imports(model: ModelRef, call?: CallOptions): AsyncIterable<ImportSummary>;
  /** Its processes, likewise. */
  processes(model: ModelRef, call?: CallOptions): AsyncIterable<ProcessSummary>;
  /** Its other actions, likewise: those that delete, order, copy, optimise. */
  actions(model: ModelRef, call?: CallOptions): AsyncIterable<OtherActionSummary>;
  /** Its files, likewise. */
  files(model: ModelRef, call?: CallOptions): AsyncIterable<FileSummary>;
  /**
   * Gets a token now rather than with the first request, to find out early that a credential is
   * wrong. Does nothing where no token is needed, or one is there.
   */
  signIn(call?: CallOptions): Promise<void>;
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
