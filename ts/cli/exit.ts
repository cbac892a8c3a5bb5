// What a command's end is called where scripts read it.
import type { AnaplanError, ErrorCode } from "../error.js";
import type { TaskStatus } from "../types.js";

export const exit = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  unauthorised: 3,
  timedOut: 4,
  cancelled: 5,
  unreachable: 6,
  uncertain: 7,
  interrupted: 130,
} as const;

export const exitHelp = `Exit codes:
  0    it succeeded
  1    the task failed, or the file is not the one that was asked for
  2    wrong use
  3    not authorised
  4    timed out; the task runs on
  5    cancelled
  6    network, rate limit, or Anaplan not available: later it may work
  7    it is not certain whether a task was started
  130  interrupted`;

/** How a task is told from the others that ended; those that run on have done nothing wrong. */
export function codeOfStatus({ done, phase }: TaskStatus): number {
  if (!done || phase === "succeeded") return exit.succeeded;
  return phase === "cancelled" ? exit.cancelled : exit.failed;
}

const codes: Record<ErrorCode, number> = {
  INVALID_ARGUMENT: exit.usage,
  UNAUTHORIZED: exit.unauthorised,
  FORBIDDEN: exit.unauthorised,
  NOT_FOUND: exit.failed,
  CONFLICT: exit.unreachable,
  MODEL_UNAVAILABLE: exit.unreachable,
  RATE_LIMITED: exit.unreachable,
  SERVER: exit.unreachable,
  NETWORK: exit.unreachable,
  // Of one answer; a task for which nobody waits any more is told by its own name.
  TIMEOUT: exit.unreachable,
  PROTOCOL: exit.unreachable,
  TASK_FAILED: exit.failed,
  TASK_CANCELLED: exit.cancelled,
  START_UNCERTAIN: exit.uncertain,
  STALE_FILE: exit.failed,
  INTERNAL: exit.failed,
};

export function codeOfError({ code }: AnaplanError): number {
  return codes[code] ?? exit.failed;
}

// Not by its class, which would load the client before anybody wants it.
export function isAnaplanError(error: unknown): error is AnaplanError {
  return error instanceof Error && error.name === "AnaplanError";
}
