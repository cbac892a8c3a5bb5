// An action, what lists say of it, and how it is started.
import type { CallOptions, WatchOptions } from "./call.js";
import type { Download, DownloadOptions } from "./file.js";
import type { ActionRef, ExportRef, ImportRef, ProcessRef, TaskRef } from "./reference.js";
import type { Task, TaskStatus } from "./task.js";

/** An export, an import, a process, or another action. It holds its ids and nothing else. */
export interface Action<R extends ActionRef = ActionRef> {
  readonly ref: R;
  /** What it is made of. */
  metadata(call?: CallOptions): Promise<MetadataOf<R>>;
  /**
   * Its runs, those of other users, too, the newest first.
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  tasks(call?: CallOptions): AsyncIterable<TaskSummary>;
  /**
   * Starts it, once: whatever becomes of the answer, one call makes no second task.
   *
   * In a page, Chromium may send a request again by itself where a connection breaks. So a page sends
   * each start with the header `Idempotency-Key`, by which the gateway starts it once. What stands in
   * the gateway's place must honour it, else such a repetition may make a second task; on another
   * origin, it must allow that header (`Access-Control-Allow-Headers`), else no start arrives.
   *
   * It is sent again only after an answer that proves that nothing was started. Where the answer is
   * lost, Anaplan is asked for the newest tasks: the one that must be this call's is taken, else the
   * call rejects with `START_UNCERTAIN`, and `candidates` are those that may be it.
   * @throws {@link AnaplanError} `START_UNCERTAIN`
   */
  start(options?: StartOptions): Promise<Task>;
  /** Starts it and waits for its end, whatever that is: look at `phase`. */
  run(options?: RunOptions): Promise<TaskStatus>;
  /**
   * What the last run of this user wrote; exports only. An export writes to one file per user, which
   * Anaplan deletes 48 hours after it was last read, and serves another's in its place, if there is
   * one. With `after`, what can be checked of that is.
   * @throws {@link AnaplanError} `STALE_FILE`, `NOT_FOUND`
   */
  download(options?: DownloadOptions): Promise<Download>;
}

/** How an action is started. */
export interface StartOptions extends CallOptions {
  /**
   * The language of Anaplan's texts about this run.
   * @default "en_US"
   */
  localeName?: string | undefined;
  /** What an import or a process is to map; Anaplan's "prompt at run time". */
  mappingParameters?: readonly MappingParameter[] | undefined;
}

/** What an import or a process is to map where it asks at run time. */
export interface MappingParameter {
  /** What kind of thing, `Version` for one. */
  entityType: string;
  /** Which one, by its name. */
  entityName: string;
  /** In a process, for which of its imports; left out, for all of them. */
  importId?: string | undefined;
}

/** How an action is started, and followed. */
export interface RunOptions extends StartOptions, WatchOptions {}

/** A run, as a list has it. `anaplan.task(summary.ref)` knows more. */
export interface TaskSummary {
  taskId: string;
  /** See `TaskStatus`; `COMPLETE` does not mean success. */
  taskState: TaskStatus["taskState"];
  /** Milliseconds since the epoch, by Anaplan's clock. */
  creationTime?: number;
  ref: TaskRef;
}

/** An action, as a list has it. */
export type ActionSummary = ExportSummary | ImportSummary | ProcessSummary | OtherActionSummary;

/** An export, as a list has it. */
export interface ExportSummary {
  id: string;
  name: string;
  /** `GRID_ALL_PAGES`, `TABULAR_MULTI_COLUMN`, … */
  exportType?: string;
  /** A media type: `text/csv`, `text/plain`, `application/vnd.ms-excel`. */
  exportFormat?: string;
  /** `UTF-8`, `UTF-16LE`, `ISO-8859-1`; Excel's have none. */
  encoding?: string;
  layout?: string;
  code?: string;
  ref: ExportRef;
}

/** An import, as a list has it. */
export interface ImportSummary {
  id: string;
  name: string;
  /** `HIERARCHY_DATA`, `LINE_ITEM_DEFINITION`, `MODULE_DATA`, `USERS`, `VERSIONS`. */
  importType?: string;
  /** Where the data comes from; one that begins with 113 is a file, and can be uploaded. */
  importDataSourceId?: string;
  code?: string;
  ref: ImportRef;
}

/** A process, as a list has it. */
export interface ProcessSummary {
  id: string;
  name: string;
  code?: string;
  ref: ProcessRef;
}

/** Another action, as a list has it. */
export interface OtherActionSummary {
  id: string;
  name: string;
  /** `DELETE_BY_SELECTION`, `ORDER_HIERARCHY`, `OPTIMIZER`, …; some have none. */
  actionType?: string;
  code?: string;
  ref: ActionRef;
}

/** What an action is made of. */
export type Metadata = ExportMetadata | ImportMetadata | ProcessMetadata | OtherActionMetadata;

/** The metadata of one kind of action. */
export type MetadataOf<R extends ActionRef> = R extends ExportRef
  ? ExportMetadata
  : R extends ImportRef
    ? ImportMetadata
    : R extends ProcessRef
      ? ProcessMetadata
      : R extends { actionId: string }
        ? OtherActionMetadata
        : Metadata;

/** What an export writes. */
export interface ExportMetadata {
  columnCount?: number;
  /** An estimate. */
  rowCount?: number;
  /** `ENTITY`, `NUMBER`, `TEXT`, …, one for each column; not always as many as there are columns. */
  dataTypes: string[];
  headerNames: string[];
  listNames: string[];
  /** A media type. */
  exportFormat?: string;
  encoding?: string;
  /** What encloses a text. */
  delimiter?: string;
  /** What stands between two columns, more than one character at times. */
  separator?: string;
  layout?: string;
}

/** What an import reads. */
export interface ImportMetadata {
  name?: string;
  /** `FILE` or `MODEL`. */
  type?: string;
  /** What the file must look like. */
  source?: ImportSource;
}

/** What a file to be imported must look like. */
export interface ImportSource {
  textEncoding?: string;
  columnSeparator?: string;
  textDelimiter?: string;
  decimalSeparator?: string;
  /** From 1. */
  headerRow?: number;
  firstDataRow?: number;
  columnCount?: number;
  headerNames: string[];
}

/** What a process does. */
export interface ProcessMetadata {
  name?: string;
  /** Its steps, in order. */
  actions: ProcessStep[];
}

/** A step of a process. */
export interface ProcessStep {
  id?: string;
  name?: string;
  actionType?: string;
  importType?: string;
  exportType?: string;
}

/** What is known of another action. */
export interface OtherActionMetadata {
  id?: string;
  name?: string;
  actionType?: string;
  code?: string;
  listId?: string;
  filterLineItemId?: string;
}
