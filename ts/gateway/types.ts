import type { Auth, ActionRef, ClientEvent, ModelRef, Region, TaskRef } from "../types.js";

/** What may pass, as whom, and within which limits. */
export interface GatewayOptions {
  /**
   * What may pass: whatever no rule names is refused, and reaches no network. Of several rules, one
   * must allow all of it: the workspace, the model, the action and the operation.
   */
  allow: Allow | readonly Allow[];
  /** Who the gateway is to Anaplan. */
  auth?: Auth | undefined;
  /**
   * Where Anaplan is.
   * @default "https://api.anaplan.com/2/0"
   */
  baseUrl?: string | URL | undefined;
  /**
   * Where the tenant is: sets the defaults of {@link baseUrl}, and of the addresses in {@link auth}.
   * @default "us1"
   */
  region?: Region | undefined;
  /**
   * Where the gateway is: the path before `/workspaces/…` in the requests it is handed.
   * @default "/anaplan"
   */
  prefix?: string | undefined;
  /**
   * Decides by your own session: `true` lets the request pass, `false` refuses it with 403, and a
   * `Response` is answered as it is, with what a page of one of the {@link origins} needs to read it.
   * Called before anything is sent, and before anything that is
   * known already is answered.
   */
  authorize?: Authorize | undefined;
  /**
   * Origins of other sites whose pages may use the gateway: `"https://planning.example"`. Pages of
   * the gateway's own origin always may.
   */
  origins?: readonly string[] | undefined;
  /**
   * Whether programs may start and cancel: requests with neither `Sec-Fetch-Site` nor `Origin`, which
   * browsers send. Give the gateway an {@link authorize} then.
   * @default false
   */
  programs?: boolean | undefined;
  /**
   * The host names that requests may come by, each with its port if that is not the usual one; others
   * are refused with 421. Left out, whatever name the server in front lets through. Name them where
   * there is no {@link authorize}: else a page of any site, whose host name is made to lead here, is
   * one of the gateway's own.
   */
  hosts?: readonly string[] | undefined;
  /**
   * What several processes share: `redisStore(client)`. Left out, this process is the only one. All
   * that share it must be the same user to Anaplan.
   */
  store?: GatewayStore | undefined;
  /**
   * How many processes share the `store`. Whenever it cannot be reached, each goes on with this part
   * of `requestsPerMinute`, but for starts with an `Idempotency-Key`, as pages send them: another
   * process may have made them.
   * @default 4
   */
  instances?: number | undefined;
  /**
   * The gateway's share of the requests that Anaplan grants a tenant: 600 in a minute.
   * @default 300
   */
  requestsPerMinute?: number | undefined;
  /**
   * How long one answer of Anaplan's may take, in milliseconds; ten times as long for the bytes of
   * files, until their first.
   * @default 30000
   */
  requestTimeout?: number | undefined;
  limits?: GatewayLimits | undefined;
  /** Used instead of `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * Told of each request that was answered, of all that a client is told of, and of the store. There
   * is no secret and no query string in it. What it throws is ignored.
   */
  onEvent?: ((event: GatewayEvent) => void) | undefined;
  /** The gateway's WebAssembly (`anaplan-tasks/gateway.wasm`), for hosts that must load it apart. */
  wasm?: URL | Response | BufferSource | WebAssembly.Module | undefined;
}

/** What may be done. */
export type GatewayOperation = "status" | "cancel" | "start" | "tasks" | "list" | "download";

/** One rule of what may pass. Ids as Anaplan spells them, or `"*"` for all of them, among others or alone. */
export interface Allow {
  workspaces: readonly string[] | "*";
  models: readonly string[] | "*";
  /** Ids of exports, imports, processes and other actions. An export's id is that of its file, too. */
  actions: readonly string[] | "*";
  /**
   * - `status`: of a task
   * - `cancel`: a task
   * - `start`: a task
   * - `tasks`: the tasks of an action
   * - `list`: the actions of a model, those that the rule names, and what they are made of
   * - `download`: the files of exports, and the rows that imports and processes refused; with all
   *   actions, every file of the model
   */
  operations: readonly GatewayOperation[] | "*";
}

export type Authorize = (
  request: Request,
  operation: GatewayOperation,
  ref: ModelRef | ActionRef | TaskRef,
) => boolean | Response | Promise<boolean | Response>;

/** What protects the gateway from too much. */
export interface GatewayLimits {
  /**
   * Requests under way for one client address, where it is known.
   * @default 1000
   */
  requestsPerClient?: number | undefined;
  /**
   * Requests under way in all.
   * @default 10000
   */
  requests?: number | undefined;
  /**
   * How long an answer may take, in milliseconds, waiting for its turn included; ten times as long
   * for the bytes of files, until their first.
   * @default 25000
   */
  timeout?: number | undefined;
  /**
   * Bytes of a request's body.
   * @default 16384
   */
  bodySize?: number | undefined;
}

/** What a server knows of a request beside the request. */
export interface Connection {
  /**
   * The client's address, for the limit of requests by client. Behind a proxy of your own, the one
   * that it names.
   */
  address?: string | undefined;
}

/** A gateway: call it with a request, get the answer. It never rejects. */
export interface Gateway {
  (request: Request, connection?: Connection): Promise<Response>;
  /** Answers 503 from now on. Resolves when all that was under way is answered, to the last byte. */
  close(): Promise<void>;
}

/** Something that a gateway did. Times are milliseconds. */
export type GatewayEvent =
  | ClientEvent
  /** A request was answered. */
  | {
      type: "served";
      method: string;
      /** Below `prefix`, as it was understood; absent where it was not. */
      path?: string;
      operation?: GatewayOperation;
      status: number;
      duration: number;
      /** The client's address, where it is known. */
      address?: string;
    }
  /** `authorize` threw this, and the request was answered 500. */
  | { type: "fault"; message: string }
  /** The store cannot be reached, and each process goes on by itself; or it can again. */
  | { type: "store"; state: "away"; message: string }
  | { type: "store"; state: "back" };

/**
 * What the processes of one gateway share. `redisStore()` makes one; whatever else has these four
 * can be one, too. A call that rejects, or that takes longer than a quarter of a second, counts as
 * the store being away.
 */
export interface GatewayStore {
  /** The value of a key, and how many milliseconds it has left. */
  get(key: string): Promise<{ value: string; ttl: number } | undefined>;
  /**
   * Sets it for `ttl` milliseconds; with `ifAbsent`, where there is none. Resolves with whether it
   * was set.
   */
  set(key: string, value: string, options: { ttl: number; ifAbsent?: boolean }): Promise<boolean>;
  /** Removes a key that has this value. */
  delete(key: string, value: string): Promise<void>;
  /**
   * Takes one from a bucket of `burst`, which gets one more each `interval` milliseconds. Resolves
   * with 0 when it was taken, else with how many milliseconds to wait before it is worth another try.
   * By the clock of the store, so that those of the processes may differ.
   */
  take(key: string, rate: { interval: number; burst: number }): Promise<number>;
}
