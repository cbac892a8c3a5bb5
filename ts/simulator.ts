// For those without a tenant: a fake Anaplan that answers requests wherever JavaScript runs.
import { untilAborted } from "./simulator/abort.js";
import { loadCore, type Core } from "./simulator/core.js";
import type { FaultChange, Faults } from "./simulator/faults.js";
import { play, type Head } from "./simulator/reply.js";
import type { Tenant } from "./simulator/tenant.js";
import type { ActionRef, TaskRef } from "./types/reference.js";

export type { Failure, FaultChange, Faults, Operation } from "./simulator/faults.js";
export type {
  Tenant,
  TenantAction,
  TenantExport,
  TenantImport,
  TenantModel,
  TenantOutcome,
  TenantProcess,
  TenantTask,
} from "./simulator/tenant.js";

export interface SimulatorOptions {
  /**
   * The clock, in milliseconds since the epoch; `Date.now` when left out. It may be one that tests
   * drive; {@link Simulator.advance} moves it further.
   */
  now?: () => number;
  /** A whole number. The same seed gives the same ids, password and tokens. Default 1. */
  seed?: number;
  /** Who may log in. Default `planner@example.com`. */
  user?: string;
  /** With what. Default: one that follows from the seed. */
  password?: string;
}

/**
 * A fake Anaplan: call it with a request, get the answer.
 *
 * The API is under `/2/0`, authentication under `/token`, OAuth under `/oauth`, at whatever host the request names. It
 * takes what `fetch` takes, so it can stand in for `fetch`.
 *
 * Files can be uploaded, for imports to read: 128 MB are held, for 48 hours.
 *
 * A login by certificate is looked at from outside: whether the header holds a certificate in PEM,
 * and whether the body is of format v2, with a hundred random bytes behind a time within five minutes
 * of now, in seconds or milliseconds. Any certificate will do, and the signature is not verified.
 */
export interface Simulator {
  (input: Request | URL | string, init?: RequestInit): Promise<Response>;
  /** The tenant as data: user, password, a token that is good now, models, their actions, tasks. */
  describe(): Promise<Tenant>;
  /**
   * Sets switches, those named and no others; `null` turns all of them off. Resolves with the
   * switches as they are now.
   *
   * @throws TypeError when a switch is not known or its value is wrong; then none is set.
   */
  set(faults: FaultChange | null): Promise<Faults>;
  /**
   * Signs the user in on another device, with the code that the device flow of OAuth shows.
   *
   * @throws TypeError when no device waits for this code.
   */
  approve(userCode: string): Promise<void>;
  /**
   * Another user starts an action, at once. Their tasks are in its list, and what they leave is theirs.
   *
   * @throws TypeError when there is no such action.
   */
  startAsAnother(ref: ActionRef): Promise<TaskRef>;
  /**
   * Moves the simulated clock forward, by milliseconds: tasks go on and tokens age, at once.
   *
   * @throws TypeError when `ms` is not finite or negative.
   */
  advance(ms: number): Promise<void>;
}

/**
 * Makes a tenant with a workspace, two models, and actions that end in every way a client meets.
 *
 * @example
 * const anaplan = createSimulator();
 * const { token, workspaceId, models } = await anaplan.describe();
 * const { modelId } = models[0]!;
 * const response = await anaplan(
 *   `https://api.anaplan.com/2/0/workspaces/${workspaceId}/models/${modelId}/exports`,
 *   { headers: { Authorization: `AnaplanAuthToken ${token}` } },
 * );
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const { now: clock = Date.now, ...rest } = options;
  let ahead = 0;
  const now = () => clock() + ahead;
  // The tenant is as old as this call, not as its first request.
  const born = now();
  let making: Promise<Core> | undefined;
  const ready = () => (making ??= make(rest, born));

  const answer = async (input: Request | URL | string, init?: RequestInit): Promise<Response> => {
    const request = init === undefined && isRequest(input) ? input : new Request(input, init);
    // Its own follows the caller's for as long as the request is there, and nobody may hold that.
    const signal = init?.signal ?? request.signal;
    const [core, body] = await untilAborted(signal, Promise.all([ready(), request.arrayBuffer()]));
    const { pathname, search } = new URL(request.url);
    // Nothing that Anaplan takes is larger, and memory that WebAssembly once took it keeps.
    if (body.byteLength > 64_000_000) return new Response(null, { status: 413 });
    const [head, bytes] = core.handle(
      now(),
      request.method,
      pathname + search,
      [...request.headers].flat(),
      new Uint8Array(body),
    ) as [string, Uint8Array<ArrayBuffer>];
    return play(JSON.parse(head) as Head, bytes, { signal, request });
  };

  return Object.assign(answer, {
    async describe(): Promise<Tenant> {
      const core = await ready();
      return JSON.parse(core.describe(now())) as Tenant;
    },

    async set(faults: FaultChange | null): Promise<Faults> {
      const core = await ready();
      return JSON.parse(refusing(() => core.set(JSON.stringify(faults) ?? ""))) as Faults;
    },

    async approve(userCode: string): Promise<void> {
      const core = await ready();
      refusing(() => core.approve(now(), String(userCode)) as unknown);
    },

    async startAsAnother(ref: ActionRef): Promise<TaskRef> {
      const core = await ready();
      const task = refusing(() =>
        core.start_as_another(now(), JSON.stringify(ref) ?? ""),
      ) as string;
      return JSON.parse(task) as TaskRef;
    },

    async advance(ms: number): Promise<void> {
      if (!(Number.isFinite(ms) && ms >= 0)) {
        throw new TypeError("ms: expected a finite number that is not negative");
      }
      // Beyond it there are no dates.
      if (now() + ms > 8.64e15) throw new TypeError("ms: expected a time before the year 275760");
      ahead += ms;
    },
  });
}

async function make(options: Omit<SimulatorOptions, "now">, born: number): Promise<Core> {
  const Core = await loadCore();
  return refusing(() => new Core(JSON.stringify(options), born));
}

/** The core throws what is wrong with its input as text. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw typeof error === "string" ? new TypeError(error) : error;
  }
}

// Not `instanceof`: servers hand in requests of their own making.
function isRequest(input: Request | URL | string): input is Request {
  return typeof input === "object" && "arrayBuffer" in input;
}
