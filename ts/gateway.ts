// What stands between browsers and Anaplan, wherever requests are answered with `Response`s.
import { load, type Core, type Gateway as Handle, type Passage } from "./gateway/core.js";
import { until } from "./gateway/stream.js";
import type { Connection, Gateway, GatewayOptions } from "./gateway/types.js";

export { AnaplanError, type ErrorCode } from "./error.js";
export { redisStore, type RedisClient, type RedisStoreOptions } from "./gateway/redis.js";
export type * from "./gateway/types.js";
export type {
  ActionRef,
  Auth,
  BasicAuth,
  CertificateAuth,
  ClientEvent,
  ClientFailure,
  ClientRequest,
  ModelRef,
  OAuth,
  Region,
  TaskRef,
  TokenAnswer,
  TokenRequest,
  UserCode,
} from "./types.js";

/** Status or a `Response` of the host application's, body, headers; for a stream, what ends with it. */
type Answer = [number | Response, string | ReadableStream | null, string[], Passage?];

/** A gateway in its core, which may break down. */
interface Opened {
  core: Core;
  handle: Handle;
  headers: Record<string, string>;
}

/**
 * Makes a gateway: a function that answers requests for Anaplan's tasks, below a prefix, as far as
 * `allow` lets them pass. It holds the credentials, so that no browser needs any, and however many
 * ask for a task, Anaplan is asked once in five seconds.
 *
 * @throws {@link AnaplanError} `INVALID_ARGUMENT`
 * @example
 * ```ts
 * const gateway = await createGateway({
 *   auth: { basic: { user, password } },
 *   allow: { workspaces: [workspaceId], models: [modelId], actions: "*", operations: ["status", "cancel"] },
 *   authorize: async (request, operation, ref) => (await sessionOf(request))?.may(operation, ref) ?? false,
 * });
 * // Anywhere that answers a Request with a Response:
 * export const GET = (request: Request) => gateway(request);
 * ```
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  /** The one that answers; another is opened when its core has broken down. */
  let opened: Opened | undefined = await open(options);
  let opening = Promise.resolve(opened);
  let isClosed = false;

  async function ask(request: Request, address: string | undefined): Promise<Response> {
    const mine = opening;
    try {
      const { core, handle, headers } = await mine;
      const later = () => handle.handle(request, address) as unknown as Promise<unknown>;
      return respond(await core.later<Answer>(later), headers);
    } catch {
      if (opening === mine) reopen();
      return fault();
    }
  }

  function reopen() {
    opened = undefined;
    opening = open(options).then((another) => {
      if (isClosed) void another.handle.close();
      return (opened = another);
    });
    // Whoever asks next finds out.
    opening.catch(() => {});
  }

  const answer = (request: Request, connection?: Connection): Promise<Response> => {
    // Servers hand in what they like as a second argument.
    const given = connection?.address;
    const address = typeof given === "string" ? given : undefined;
    const known = opened && atOnce(opened, request, address);
    return known ? Promise.resolve(known) : ask(request, address);
  };

  return Object.assign(answer, {
    async close() {
      isClosed = true;
      const { core, handle } = await opening;
      await core.later(() => handle.close() as unknown as Promise<unknown>);
    },
  });
}

async function open(options: GatewayOptions): Promise<Opened> {
  const core = await load(options?.wasm);
  const handle = core.now<Handle>(() => core.openGateway(options));
  return { core, handle, headers: handle.headers() as Record<string, string> };
}

function respond([status, body, more, passage]: Answer, headers: Record<string, string>) {
  if (typeof status === "object") {
    if (!more.length) return status;
    const theirs = new Response(status.body, status);
    for (let i = 0; i < more.length; i += 2) theirs.headers.set(more[i]!, more[i + 1]!);
    return theirs;
  }
  // A copy: there are servers that write into it.
  const all = { ...headers };
  if (body === null) delete all["Content-Type"];
  for (let i = 0; i < more.length; i += 2) all[more[i]!] = more[i + 1]!;
  const init = { status, headers: all };
  if (!passage) return new Response(body, init);
  const length = all["Content-Length"] === undefined ? undefined : Number(all["Content-Length"]);
  return new Response(
    until(body as ReadableStream<Uint8Array> | null, length, () => passage.free()),
    init,
  );
}

/** What most requests get, with the least that can be looked at. */
function atOnce({ core, handle, headers }: Opened, request: Request, address: string | undefined) {
  try {
    const { method, url } = request;
    if (request.headers.get("origin") !== null) return undefined;
    const site = request.headers.get("sec-fetch-site");
    const value = () => ({ value: handle.known(`${method} ${url}`, site, address) });
    const known = core.now<Answer | undefined>(value);
    return known && respond(known, headers);
  } catch {
    // It is no request, or the core broke down. Either comes to light on the longer way.
    return undefined;
  }
}

function fault(): Response {
  const error = { status: { code: 500, message: "A fault of the gateway" } };
  return Response.json(error, { status: 500, headers: { "Cache-Control": "no-store" } });
}
