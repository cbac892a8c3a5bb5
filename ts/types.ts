/// <reference lib="esnext.disposable" />

/** How to reach Anaplan, and as whom. */
export interface ConnectOptions {
  /**
   * Where the API is. In a browser this is your gateway, and may be a path of the page's own
   * origin: Anaplan refuses every other site's pages.
   * @default "https://api.anaplan.com/2/0"
   */
  baseUrl?: string | URL | undefined;
  /** Left out, no `Authorization` header is sent: a gateway adds it. */
  auth?: Auth | undefined;
  /** Used instead of `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * How long one answer may take, in milliseconds.
   * @default 30000
   */
  requestTimeout?: number | undefined;
  /**
   * The core's WebAssembly (`anaplan-tasks/core.wasm`), for hosts that must serve it apart. It is
   * loaded once for all clients, so the first `connect()` decides.
   */
  wasm?: URL | Response | BufferSource | WebAssembly.Module | undefined;
}

/** Who we are to Anaplan: a token, or a function that gets one. */
export type Auth = string | ((ask: TokenRequest) => TokenAnswer | Promise<TokenAnswer>);

/** What a function that gets tokens is told. */
export interface TokenRequest {
  /** Whether there was no token yet, the last one expired, or the server refused it. */
  reason: "first" | "expiring" | "rejected";
  /** Aborts when nobody waits for the token any more. */
  signal: AbortSignal;
}

/** A token; after `expiresAt`, in milliseconds since the epoch, another is asked for. */
export type TokenAnswer = string | { token: string; expiresAt?: number | undefined };

/** A model in its workspace. */
export interface ModelRef {
  workspaceId: string;
  modelId: string;
}

/** An action of a model: exactly one of the four ids. */
export type ActionRef = ModelRef &
  ({ exportId: string } | { importId: string } | { processId: string } | { actionId: string });

/** One run of an action. Holds no secret: safe to store and to log. */
export type TaskRef = ActionRef & { taskId: string };

/** A client. */
export interface Anaplan {
  /**
   * A task to ask for. Sends nothing.
   * @param ref the ids, or the task's URL or path
   * @throws {@link AnaplanError} `INVALID_ARGUMENT`
   */
  task(ref: TaskRef | string): Task;
  /**
   * Ends every watch, and rejects whatever else is waiting with an `AbortError`. The tasks
   * themselves run on.
   */
  close(): void;
  [Symbol.dispose](): void;
}

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
}

/** Statuses as they are observed, the last one final. Each iteration is a watch of its own. */
export type TaskWatch = AsyncIterable<TaskStatus>;

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
}
