// What stands between browsers and Anaplan, wherever requests are answered with `Response`s.
import { load, type Core, type Gateway as Handle } from "./gateway/core.js";
import type { Connection, Gateway, GatewayOptions } from "./gateway/types.js";

export { AnaplanError, type ErrorCode } from "./error.js";
export type * from "./gateway/types.js";
export type {
  ActionRef,
  Auth,
  BasicAuth,
  ClientEvent,
  ClientFailure,
  ClientRequest,
  ModelRef,
  TaskRef,
  TokenAnswer,
  TokenRequest,
} from "./types.js";

/** `[status, body, headers]`, or a `Response` of the host application's. */
type Answer = [number, string | ReadableStream | null, string[]] | Response;

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
  let current = open(options);
  await current;

  const answer = async (request: Request, connection?: Connection): Promise<Response> => {
    const mine = current;
    try {
      const { core, handle, headers } = await mine;
      const address = connection?.address;
      const answer =
        core.now<Answer | undefined>(() => ({ value: known(handle, request, address) })) ??
        (await core.later<Answer>(
          () => handle.handle(request, address) as unknown as Promise<unknown>,
        ));
      if (!Array.isArray(answer)) return answer;
      const [status, body, more] = answer;
      return new Response(body, { status, headers: merged(headers, more) });
    } catch {
      // The core broke down. All that waits is answered so, and the next request finds another.
      if (current === mine) {
        current = open(options);
        current.catch(() => {});
      }
      const error = { status: { code: 500, message: "A fault of the gateway" } };
      return Response.json(error, { status: 500, headers: { "Cache-Control": "no-store" } });
    }
  };

  return Object.assign(answer, {
    async close() {
      const { core, handle } = await current;
      await core.later(() => handle.close() as unknown as Promise<unknown>);
    },
  });
}

async function open(options: GatewayOptions): Promise<Opened> {
  const core = await load(options?.wasm);
  const handle = core.now<Handle>(() => core.openGateway(options));
  return { core, handle, headers: handle.headers() as Record<string, string> };
}

/** What the most of all requests get, with the least that can be looked at. */
function known(handle: Handle, { method, url, headers }: Request, address: string | undefined) {
  if (headers.get("origin") !== null) return undefined;
  return handle.known(`${method} ${url}`, headers.get("sec-fetch-site"), address) as unknown;
}

function merged(headers: Record<string, string>, more: string[]): Record<string, string> {
  const all = { ...headers };
  for (let i = 0; i < more.length; i += 2) all[more[i]!] = more[i + 1]!;
  return all;
}
