import type { TaskRef, TaskStatus, TaskSummary, UploadResume } from "./types.js";

/** What kind of failure it is. */
export type ErrorCode =
  | "INVALID_ARGUMENT"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "CONFLICT"
  | "MODEL_UNAVAILABLE"
  | "RATE_LIMITED"
  | "SERVER"
  | "NETWORK"
  | "TIMEOUT"
  | "PROTOCOL"
  | "TASK_FAILED"
  | "TASK_CANCELLED"
  | "START_UNCERTAIN"
  | "STALE_FILE"
  | "INTERNAL";

/** What an error is made of. */
export interface ErrorFields {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  status?: number;
  ref?: TaskRef;
  taskStatus?: TaskStatus;
  hint?: string;
  candidates?: TaskSummary[];
  resume?: UploadResume;
  cause?: unknown;
}

/**
 * Why a call failed. The message says what was being done, what the server said, and what to do
 * about it; programs decide by `code`. It holds no token.
 *
 * A call that was aborted does not reject with this but with the signal's own reason.
 */
export class AnaplanError extends Error {
  // Kept when names are minified: Node prints it.
  static override readonly name = "AnaplanError";
  override readonly name = "AnaplanError";
  readonly code: ErrorCode;
  /** The HTTP status, when there was an answer. */
  declare readonly status?: number;
  /** Whether the same call may work later. */
  readonly retryable: boolean;
  /** Which task it was about. */
  declare readonly ref?: TaskRef;
  /** The last that was known of it. */
  declare readonly taskStatus?: TaskStatus;
  /** One plain sentence of help, where what the server said is one of the documented codes. */
  declare readonly hint?: string;
  /** With `START_UNCERTAIN`: the tasks of which one may be what the call started. */
  declare readonly candidates?: TaskSummary[];
  /** Where an upload broke. */
  declare readonly resume?: UploadResume;

  constructor(fields: ErrorFields) {
    super(fields.message, "cause" in fields ? { cause: fields.cause } : undefined);
    this.code = fields.code;
    this.retryable = fields.retryable;
    // Absent rather than undefined, so that a printed error shows what there is.
    if (fields.status !== undefined) this.status = fields.status;
    if (fields.ref) this.ref = fields.ref;
    if (fields.taskStatus) this.taskStatus = fields.taskStatus;
    if (fields.hint) this.hint = fields.hint;
    if (fields.candidates) this.candidates = fields.candidates;
    if (fields.resume) this.resume = fields.resume;
  }

  /** Plain data for a log. */
  toJSON(): Omit<ErrorFields, "cause"> & { name: string } {
    const { name, code, message, status, retryable, ref, taskStatus, hint, candidates, resume } =
      this;
    return {
      name,
      code,
      message,
      retryable,
      ...(status !== undefined && { status }),
      ...(ref && { ref }),
      ...(taskStatus && { taskStatus }),
      ...(hint && { hint }),
      ...(candidates && { candidates }),
      ...(resume && { resume }),
    };
  }
}

/** What the caller gave is wrong, in a way that the core does not see. */
export function invalid(message: string, cause?: unknown): AnaplanError {
  const fields = { code: "INVALID_ARGUMENT", message, retryable: false } as const;
  return new AnaplanError(cause === undefined ? fields : { ...fields, cause });
}
