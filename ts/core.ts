// The WebAssembly core: started on first use, and asked through one place that turns its outcomes
// into values and errors.
import init, * as glue from "../pkg/core.js";
import inline from "#wasm";
import { breakDown, broken, unlessBroken } from "./breakdown.js";
import { AnaplanError, type ErrorFields } from "./error.js";
import type { ConnectOptions } from "./types.js";

export { Call, type Client, type Watch } from "../pkg/core.js";

/** What the core answers; its promises reject with the reason of an abort alone. */
type Outcome<T> = { value: T; failure?: never } | { value?: never; failure: ErrorFields };

let started: Promise<typeof glue> | undefined;

/** Starts the core, once; after a failure, anew. */
export function load(wasm: ConnectOptions["wasm"] | null): Promise<typeof glue> {
  started ??= start(wasm).catch((cause: unknown) => {
    started = undefined;
    throw new AnaplanError({
      code: wasm ? "INVALID_ARGUMENT" : "INTERNAL",
      message: `The WebAssembly core did not start: ${String(cause)}. A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src; a \`wasm\` of your own must be this version's anaplan-tasks/core.wasm.`,
      retryable: false,
      cause,
    });
  });
  return started;
}

/** The value of a call that answers at once. */
export function now<T>(call: () => unknown): T {
  const before = broken();
  if (before) throw before;
  try {
    return unwrap(call() as Outcome<T>);
  } catch (error) {
    throw broken() ?? error;
  }
}

/** The value of a call that answers later. */
export async function later<T>(call: () => Promise<unknown>): Promise<T> {
  // Awaited here, so that the error's stack leads to whoever called.
  return unwrap(await unlessBroken(call as () => Promise<Outcome<T>>));
}

async function start(wasm: ConnectOptions["wasm"] | null): Promise<typeof glue> {
  await init({ module_or_path: wasm ?? inline() });
  glue.onPanic(breakDown);
  return glue;
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.failure) throw new AnaplanError(outcome.failure);
  return outcome.value;
}
