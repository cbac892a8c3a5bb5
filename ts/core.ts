// The WebAssembly core: started on first use, and asked through one place that turns its outcomes
// into values and errors.
import makeGlue, { type Glue } from "#glue";
import inline from "#wasm";
import { guard } from "./breakdown.js";
import { AnaplanError, type ErrorFields } from "./error.js";
import type { ConnectOptions } from "./types.js";

export type { Call, Client, Watch } from "../pkg/core.js";

/** One core, which serves all clients that were made with it. */
export interface Core extends Glue {
  /** The value of a call that answers at once. */
  now<T>(call: () => unknown): T;
  /** The value of a call that answers later. */
  later<T>(call: () => Promise<unknown>): Promise<T>;
}

/** What the core answers; its promises reject with the reason of an abort alone. */
type Outcome<T> = { value: T; failure?: never } | { value?: never; failure: ErrorFields };

let started: Promise<Core> | undefined;
/** Kept for another core, should the first one break down. */
let compiled: WebAssembly.Module | undefined;

/** Starts the core, once; after a failure or a breakdown, anew. */
export function load(wasm: ConnectOptions["wasm"] | null): Promise<Core> {
  started ??= start(compiled ?? wasm).catch((cause: unknown) => {
    started = undefined;
    throw new AnaplanError({
      code: wasm && !compiled ? "INVALID_ARGUMENT" : "INTERNAL",
      message: `The WebAssembly core did not start: ${String(cause)}. A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src; a \`wasm\` of your own must be this version's anaplan-tasks/core.wasm.`,
      retryable: false,
      cause,
    });
  });
  return started;
}

async function start(wasm: ConnectOptions["wasm"] | null): Promise<Core> {
  const { host, breakDown, now, later } = guard(() => (started = undefined));
  const glue = makeGlue(host);
  await glue.init({ module_or_path: wasm ?? inline() });
  now(() => glue.onPanic(breakDown));
  compiled = glue.module();
  return {
    ...glue,
    now: <T>(call: () => unknown) => unwrap(now(call as () => Outcome<T>)),
    // Awaited here, so that the error's stack leads to whoever called.
    later: async <T>(call: () => Promise<unknown>) =>
      unwrap(await later(call as () => Promise<Outcome<T>>)),
  };
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.failure) throw new AnaplanError(outcome.failure);
  return outcome.value;
}
