/**
 * The switches: what can be made to look different, and what can be made to go wrong.
 *
 * All are off in the beginning. Each says who has seen Anaplan do so: its documentation, one of
 * its clients, a recorded answer. "Undocumented" is what nobody has written down.
 */
export interface Faults {
  /**
   * A login by certificate may be of format v1, without a timestamp, as Anaplan took it until June
   * 2026.
   */
  certificateV1: boolean;
  /**
   * Refresh tokens of OAuth are good for ever more uses, and no answer has a new one: Anaplan's
   * administrators choose. While it is off, each is good for one.
   */
  lastingRefreshTokens: boolean;
  /**
   * Whoever is asked to sign in on another device refuses (`access_denied`), unless they were
   * approved before.
   */
  denyUserCodes: boolean;
  /**
   * The HTTP status of errors of `/oauth`, from 400 to 599, which is undocumented. When `null`: 401
   * for an unknown client, 400 for all others.
   */
  oauthErrorStatus: number | null;
  /** Answers have no `meta` and no `status`. Anaplan's pages on imports and processes show it. */
  withoutEnvelope: boolean;
  /** A start answers `taskId` at the top level instead of under `task` (same pages). */
  bareStart: boolean;
  /** Status and cancel answer the task's fields at the top level (undocumented). */
  bareTask: boolean;
  /** A list of exactly one task is one object under `task` (documented samples of imports). */
  singleTask: boolean;
  /**
   * Fields of tasks and results that are left out: `type`, `creationTime`, `currentStep`,
   * `progress`, `result`, `details`, … Anaplan's page "Monitor the export tasks" has samples
   * without each of the first four; a cancelled task without `result` is undocumented.
   */
  withoutFields: string[];
  /** Fields of tasks and results that are `null`. A client of Anaplan allows it. */
  nullFields: string[];
  /** `progress` is written `1.0` instead of `1`. Documented samples have both. */
  floatProgress: boolean;
  /** All tasks report this progress, whatever it is; a model's status has -1. */
  progress: number | null;
  /** Tasks that have not ended report this state. No state but the five is documented. */
  taskState: string | null;
  /** Cancelled tasks have a `cancelledBy`, which Anaplan Connect reads and no page mentions. */
  cancelledBy: string | null;
  /** Every object has a field that nobody knows. */
  unknownFields: boolean;
  /** `values` of details hold `null` (on record) and end with a key alone (undocumented). */
  oddValues: boolean;
  /**
   * What a cancel answers; undocumented, all of it. `task`: 200 with the task. `envelope`: 200
   * with no task in it. `empty`: 200 without a body. `accepted`: 202 with the task. `noContent`:
   * 204. `notFound`, `conflict`, `badRequest`: 404, 409 and 400, and nothing is cancelled.
   */
  cancelAnswer:
    | "task"
    | "envelope"
    | "empty"
    | "accepted"
    | "noContent"
    | "notFound"
    | "conflict"
    | "badRequest";
  /** A cancel comes too late: the task ends `COMPLETE`. Anaplan may do so with any task. */
  cancelLoses: boolean;
  /** `next` says `limit=20` although everything was sent (on record for lists without a limit). */
  misleadingNext: boolean;
  /** Lists have at most this many rows, whatever `limit` says. Anaplan may shrink any page. */
  pageSize: number | null;
  /**
   * Chunks of files and dumps have this many bytes, all but the last; 100 000 when `null`.
   * Anaplan's size for exports is undocumented; dumps have at most 10 MB.
   */
  chunkSize: number | null;
  /**
   * What exports write has this many rows, at most 100 000 000, of 89 bytes each in text (64 in
   * workbooks). With 0 it has no chunks at all. Nothing is held in memory.
   */
  fileRows: number | null;
  /**
   * What an export wrote is still what its run before the last one wrote (undocumented; a run by
   * another user looks so, whose file is theirs alone).
   */
  staleFile: boolean;
  /** Chunks are listed, but their bytes are 404; on record after a file was deleted. */
  lostChunks: boolean;
  /**
   * Tasks that are started while it is on wait, as `NOT_STARTED`, until all that was started in their
   * model before has ended. Anaplan has those wait that touch the same data; here, all actions of a
   * model do. Runs of one action wait for each other in any case.
   */
  queues: boolean;
  /**
   * The server's clock is off by so many milliseconds, at most ten years, either way: the times that
   * it tells (`Date`, `creationTime`, `expiresAt`, `timestamp`) and the one that it compares those of
   * certificates with. How long anything takes stays the same.
   */
  clockSkew: number;
  /**
   * Files wait until nothing runs in their model, by the real clock, as Anaplan's page on busy
   * models has it: lists, bytes and uploads. Dumps do not wait.
   */
  blockFiles: boolean;
  /**
   * Tasks say that there are refused rows, but there are none any more. Anaplan's page on dumps has
   * it: they are deleted after two days, or when another run was clean.
   */
  lostDumps: boolean;
  /**
   * What is answered for a dump that is not there; both are on record. `notFound`: 404.
   * `noContent`: 204 for the dump, 400 for its list of chunks, and 404 for a chunk.
   */
  dumpAnswer: "notFound" | "noContent";
  /**
   * A foreign `Origin` is 403 with an empty body, as on record for pages and extensions. While it
   * is off, pages of all origins are let in, with the headers that a browser wants.
   */
  refuseOrigins: boolean;
  /** The tenant's requests in a minute, 600 when `null`. A change fills the bucket. */
  requestsPerMinute: number | null;
  /** Every answer comes this many milliseconds later, by the real clock. */
  latency: number;
  /**
   * Requests that go wrong. The first entry that concerns a request takes it; one that has been
   * used up is gone, so that entries with `times` make a sequence.
   */
  failures: Failure[];
}

/** Requests that go wrong in one way. */
export interface Failure {
  /**
   * What comes instead of the answer.
   *
   * - A number from 400 to 599: that status, with the body that Anaplan is known or likely to
   *   send with it: none with 403, a page for people with 5xx, else its error body.
   * - `deprecated`: 503 with the text of an address that was given up.
   * - `loginPage`: 200 with a page for people.
   * - `truncated`: half of the body, as if that were all.
   * - `empty`: no body.
   * - `reset`: the connection breaks after half of the body.
   * - `stall`: after half of the body nothing comes any more.
   * - `noAnswer`: the connection breaks before the first byte.
   * - `hang`: there never is a first byte.
   */
  answer:
    | number
    | "deprecated"
    | "loginPage"
    | "truncated"
    | "empty"
    | "reset"
    | "stall"
    | "noAnswer"
    | "hang";
  /** `Retry-After`: a number is sent as seconds, a text as it is, so it may be an HTTP date. */
  retryAfter?: number | string;
  /** Which requests; all when left out. */
  on?: Operation[];
  /** How many requests, from now on; all when left out. */
  times?: number;
  /**
   * Whether the request takes effect though its answer is lost: with it, a start that is answered
   * `503` or `noAnswer` has a task. Default: yes for `truncated`,
   * `empty`, `reset` and `stall`, no for the others.
   */
  executed?: boolean;
}

/**
 * What a request is for: `status` and `cancel` are the GET and the DELETE of a task, `start` and
 * `tasks` the POST and the GET of an action's tasks, `list` the GET of workspaces, models, a model's
 * actions or of one, `files` the GET of a model's files or of the chunks of a file or dump,
 * `download` the GET of the bytes of those, `upload` what changes an uploaded file (POST, PUT and DELETE
 * of it, PUT of a chunk, POST of its end), `auth` anything under `/token` and `/oauth`.
 */
export type Operation =
  "status" | "cancel" | "start" | "tasks" | "list" | "files" | "download" | "upload" | "auth";

/** Switches to set; those that are not named stay as they are, `null` turns one off. */
export type FaultChange = {
  [Name in keyof Faults]?: Faults[Name] | null;
} & {
  /** No switch, but done at once: all tokens end, and their bearers get 401. */
  expireTokens?: boolean;
};
