// Starts a WebAssembly core on first use, and asks it through one place that turns its outcomes into
// values and errors.
import { guard, type Guard } from "./breakdown.js";
import { AnaplanError, type ErrorFields } from "./error.js";

/** The glue of one core: see scripts/glue.mjs. */
export interface Glue {
  init(options: { module_or_path: Source }): Promise<unknown>;
  onPanic(report: (where: string) => void): void;
  /** What `init` compiled, or was given. */
  module(): WebAssembly.Module;
}

/** One core, which serves all that was made with it. */
export type Core<G extends Glue> = G & {
  /** The value of a call that answers at once. */
  now<T>(call: () => unknown): T;
  /** The value of a call that answers later. */
  later<T>(call: () => Promise<unknown>): Promise<T>;
};

type Source = URL | Response | BufferSource | WebAssembly.Module;

/** What a core answers; its promises reject with the reason of an abort alone. */
type Outcome<T> = { value: T; failure?: never } | { value?: never; failure: ErrorFields };

/**
 * What starts a core: once; after a failure or a breakdown, anew.
 * @param file by what name the WebAssembly is exported
 */
export function loader<G extends Glue>(
  makeGlue: (host: Guard["host"]) => G,
  inline: () => Source,
  file: string,
) {
  let started: Promise<Core<G>> | undefined;
  /** Kept for another core, should the first one break down. */
  let compiled: WebAssembly.Module | undefined;

  async function start(wasm: Source | null | undefined): Promise<Core<G>> {
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

  return (wasm: Source | null | undefined): Promise<Core<G>> => {
    started ??= start(compiled ?? wasm).catch((cause: unknown) => {
      started = undefined;
      throw new AnaplanError({
        code: wasm && !compiled ? "INVALID_ARGUMENT" : "INTERNAL",
        message: `The WebAssembly core did not start: ${String(cause)}. A Content-Security-Policy must allow 'wasm-unsafe-eval' in script-src; a \`wasm\` of your own must be this version's ${file}.`,
        retryable: false,
        cause,
      });
    });
    return started;
  };
}

function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.failure) throw new AnaplanError(outcome.failure);
  return outcome.value;
}
