/// <reference lib="esnext.disposable" />
import type { AnaplanError, ErrorCode } from "./error.js";

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
   * This client's share of the requests that Anaplan grants a tenant: 600 in a minute, for all its
   * workspaces and tools together. A tenth of it may go at once. Cancels go first, then tokens, then
   * statuses, each in the order in which it was asked for.
   * @default 300
   */
  requestsPerMinute?: number | undefined;
  /**
   * How long one answer may take, in milliseconds.
   * @default 30000
   */
  requestTimeout?: number | undefined;
  /**
   * How often one request of a call is sent at the most, the first time included: after network
   * faults, time-outs, broken answers, 408, 409, 410, 423, 424, 429 and 5xx, and once more after a
   * 401 for which a new token could be had. The delays between double, and are drawn at random.
   * @default 5
   */
  attempts?: number | undefined;
  /**
   * How long earlier runs took. With it, questions gather where a run is likely to end, and statuses
   * have `expected`.
   */
  history?: History | undefined;
  /**
   * Told of each request, answer, retry, rate limit, renewal of a token, pause and resumption, for
   * logs and metrics. It is called while the client works, so it should be quick; what it throws is
   * ignored.
   */
  onEvent?: ((event: ClientEvent) => void) | undefined;
  /**
   * The core's WebAssembly (`anaplan-tasks/core.wasm`), for hosts that must serve it apart. It is
   * loaded once for all clients, so the first `connect()` decides.
   */
  wasm?: URL | Response | BufferSource | WebAssembly.Module | undefined;
}

/**
 * Who we are to Anaplan: a token, a user and a password, or a function that gets tokens.
 *
 * Tokens live 35 minutes. One that can be renewed is, when four fifths of its life are over or the
 * server refuses it: once, however many calls wait for it.
 */
export type Auth = string | BasicAuth | ((ask: TokenRequest) => TokenAnswer | Promise<TokenAnswer>);

/** A user of Anaplan's, for programs: no password belongs in a browser. */
export interface BasicAuth {
  basic: { user: string; password: string };
  /**
   * Where tokens come from. The password is sent there and nowhere else.
   * @default "https://auth.anaplan.com"
   */
  authUrl?: string | URL | undefined;
  /** Whether `close()` ends the session at Anaplan, too. */
  logout?: boolean | undefined;
}

/** A memory of how long runs of an action took; durations only, in milliseconds, newest last. */
export interface History {
  /** What is on record of an action; it may hold anything, at the worst it is of no use. */
  load(action: string): number[] | Promise<number[]>;
  /** Puts it on record. */
  save(action: string, durations: number[]): void | Promise<void>;
}

/** Something that a client did. Times are milliseconds; there is no secret in it. */
export type ClientEvent =
  | (ClientRequest & { type: "request" })
  | (ClientRequest & { type: "answer"; status: number; duration: number })
  /** It failed, and is sent again no earlier than after `delay`. */
  | (ClientRequest & { type: "retry"; delay: number } & ClientFailure)
  /** Anaplan wants nothing for so long. */
  | { type: "rateLimit"; delay: number }
  /** A token was asked for; with `code` and `message` there was none. */
  | ({ type: "renewal"; reason: TokenRequest["reason"]; duration: number } & Partial<ClientFailure>)
  /**
   * Nothing is sent: by no one (`rateLimit`), or for one watch of a task (`hidden`), whose page is in
   * the background and whose `whenHidden` is `pause`.
   */
  | { type: "pause"; reason: "rateLimit"; duration: number }
  | { type: "resume"; reason: "rateLimit" }
  | { type: "pause" | "resume"; reason: "hidden"; ref: TaskRef };

/** A request, in an event. */
export interface ClientRequest {
  method: "GET" | "POST" | "DELETE";
  /** Below `baseUrl`, or `authUrl`. */
  path: string;
  /** Which task it is about. */
  ref?: TaskRef;
  /** 1 at first. */
  attempt: number;
}

/** What went wrong, in an event. */
export interface ClientFailure {
  code: ErrorCode;
  /** The HTTP status, when there was an answer. */
  status?: number;
  message: string;
}

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
