// The WebAssembly core: started on first use, and asked through one place that turns its outcomes
// into values and errors.
import init, * as glue from "../pkg/core.js";
import inline from "#wasm";
import { AnaplanError, type ErrorFields } from "./error.js";
import type { ConnectOptions } from "./types.js";

export { Call, type Client, type Watch } from "../pkg/core.js";

/** What the core answers: never an exception, save for the reason of an abort. */
type Outcome<T> = { value: T; failure?: never } | { value?: never; failure: ErrorFields };

let started: Promise<typeof glue> | undefined;
let broken: AnaplanError | undefined;
const waiting = new Set<(error: AnaplanError) => void>();

/** Starts the core, once; after a failure, anew. */
export function load(wasm: ConnectOptions["wasm"]): Promise<typeof glue> {
  started ??= start(wasm).catch((cause: unknown) => {
    started = undefined;
    throw new AnaplanError({
      code: wasm === undefined ? "INTERNAL" : "INVALID_ARGUMENT",
      message: `The WebAssembly core did not start: ${String(cause)}. A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src; a \`wasm\` of your own must be this version's anaplan-tasks/core.wasm.`,
      retryable: false,
      cause,
    });
  });
  return started;
}

/** The value of a call that answers at once. */
export function now<T>(call: () => unknown): T {
  if (broken) throw broken;
  try {
    return unwrap(call() as Outcome<T>);
  } catch (error) {
    throw broken ?? error;
  }
}

/** The value of a call that answers later. */
export async function later<T>(call: () => Promise<unknown>): Promise<T> {
  // Awaited here, so that the error's stack leads to whoever called.
  return unwrap(await unlessBroken(call as () => Promise<Outcome<T>>));
}

async function start(wasm: ConnectOptions["wasm"]): Promise<typeof glue> {
  await init({ module_or_path: wasm ?? inline() });
  glue.onPanic(breakDown);
  return glue;
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.failure) throw new AnaplanError(outcome.failure);
  return outcome.value;
}

// A core that panicked leaves its promises pending for ever: whoever waits is told, here.
function breakDown(place: string): void {
  broken = new AnaplanError({
    code: "INTERNAL",
    message: `The core broke down at ${place}. This is a fault of anaplan-tasks: please report it.`,
    retryable: false,
  });
  for (const reject of waiting) reject(broken);
  waiting.clear();
}

function unlessBroken<T>(call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (broken) throw broken;
    waiting.add(reject);
    call()
      .finally(() => waiting.delete(reject))
      .then(resolve, reject);
  });
}
