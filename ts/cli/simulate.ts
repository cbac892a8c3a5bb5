import type { Server } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Simulator, Tenant } from "../simulator.js";
import { parseOptions, parseWhole, type Command } from "./command.js";
import { interruption, listen, originOf, parseHost } from "./listen.js";

const help = `A fake Anaplan over HTTP, with a tenant that is ready to use.

Usage: anaplan-tasks simulate [options]

Options:
  --port N     where to listen; 0 picks a free port (default 8080)
  --host HOST  on which address (default 127.0.0.1: this machine alone)
  --seed N     other ids, password and tokens; the same again for the same seed (default 1)
  --json       print one line of JSON: where it listens, user, password, token, ids

The API is under /2/0, authentication under /token, OAuth under /oauth. From the same machine, tests control it:
  GET  /simulator          the tenant, its actions and tasks
  POST /simulator/faults   switches to set, or null for none: {"latency":200}
  POST /simulator/clock    milliseconds to move the clock forward: {"advance":60000}
  POST /simulator/approve signs in whom the device flow asks: {"userCode":"BCDF-GHJK"}
  POST /simulator/start   starts an action as another user: {"workspaceId":…,"exportId":…}

Example:
  npx anaplan-tasks simulate --port 8080
  curl http://127.0.0.1:8080/simulator
`;

export const simulate: Command = {
  summary: "serves a fake Anaplan, for development and tests without a tenant",
  help,
  run,
};

const options = {
  port: { type: "string", default: "8080" },
  host: { type: "string", default: "127.0.0.1" },
  seed: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
} as const;

async function run(args: string[]): Promise<number> {
  const { port, host, seed, json } = parseOptions(args, options);
  const wanted = {
    host: parseHost(host),
    port: parseWhole("--port", port, 65_535),
    seed: parseWhole("--seed", seed, Number.MAX_SAFE_INTEGER),
  };
  // Other commands have no use for it, and it holds a WebAssembly file.
  const { createSimulator } = await import("../simulator.js");
  const simulator = createSimulator({ seed: wanted.seed });
  // Before it listens: a server would keep a process alive that has nothing to serve.
  const tenant = await simulator.describe();
  const server = serverOf(simulator);
  await listen(server, wanted.host, wanted.port);
  const stopped = interruption();
  const origin = originOf(server);
  process.stdout.write(json ? line(origin, tenant) : page(origin, tenant));

  await stopped;
  server.close();
  // Also those that hang, which is what some of them are for.
  server.closeAllConnections();
  return 0;
}

function serverOf(simulator: Simulator): Server {
  return createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: (request, { incoming }) =>
      serve(simulator, request, incoming as HttpBindings["incoming"]),
  }) as Server;
}

async function serve(
  simulator: Simulator,
  request: Request,
  incoming: HttpBindings["incoming"],
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/simulator" || pathname.startsWith("/simulator/")) {
    return control(simulator, request, pathname, incoming.socket.remoteAddress ?? "");
  }
  try {
    return await simulator(request);
  } catch {
    // It never answers with an error of its own: the connection is to break, or has broken.
    incoming.socket.resetAndDestroy();
    return RESPONSE_ALREADY_SENT;
  }
}

const controls = ["faults", "clock", "approve", "start"];

/** For tests in other processes of this machine; a page in a browser has no business here. */
async function control(
  simulator: Simulator,
  request: Request,
  pathname: string,
  peer: string,
): Promise<Response> {
  const fail = (status: number, error: string) => Response.json({ error }, { status });
  const local = peer === "::1" || /^(::ffff:)?127\./.test(peer);
  // A page may have the name of its own host lead here; it cannot leave that name out.
  const named = /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(request.url).hostname);
  if (!local || !named || request.headers.has("origin")) {
    return fail(403, "only for this machine, by its own name");
  }
  try {
    switch (`${request.method} ${pathname}`) {
      case "GET /simulator":
        return Response.json(await simulator.describe());
      case "POST /simulator/faults":
        return Response.json(await simulator.set(await request.json()));
      case "POST /simulator/clock": {
        const { advance } = Object(await request.json()) as { advance: number };
        await simulator.advance(advance);
        return new Response(null, { status: 204 });
      }
      case "POST /simulator/approve": {
        const { userCode } = Object(await request.json()) as { userCode: string };
        await simulator.approve(userCode);
        return new Response(null, { status: 204 });
      }
      case "POST /simulator/start":
        return Response.json(await simulator.startAsAnother(await request.json()));
      default:
        return fail(404, `there is GET /simulator, POST /simulator/{${controls.join(",")}}`);
    }
  } catch (error) {
    return fail(400, (error as Error).message);
  }
}

function line(origin: string, { user, password, token, workspaceId, models }: Tenant): string {
  const [baseUrl, authUrl] = [`${origin}/2/0`, `${origin}/token`];
  return `${JSON.stringify({ baseUrl, authUrl, user, password, token, workspaceId, models })}\n`;
}

function page(origin: string, tenant: Tenant): string {
  const { user, password, token, workspaceId, models } = tenant;
  const rows = table(
    models.map((model) => [
      ...model.exports.map((one) => ["export", one.exportId, one.name, one.outcome]),
      ...model.imports.map((one) => ["import", one.importId, one.name, one.outcome]),
      ...model.processes.map((one) => ["process", one.processId, one.name, one.outcome]),
      ...model.actions.map((one) => ["action", one.actionId, one.name, one.outcome]),
    ]),
  );
  const sections = models.map(({ modelId, name }, place) =>
    [`\n  model           ${modelId}  ${name}`, ...(rows[place] ?? [])].join("\n"),
  );
  const [first] = models;
  const model = `${origin}/2/0/workspaces/${workspaceId}/models/${first?.modelId}`;
  return `A fake Anaplan is listening.

  API             ${origin}/2/0
  authentication  ${origin}/token
  user            ${user}
  password        ${password}
  token           ${token}
                  (good for 35 minutes)

  workspace       ${workspaceId}
${sections.join("\n")}

Start the first export:

  curl -X POST '${model}/exports/${first?.exports[0]?.exportId}/tasks' -H 'Authorization: AnaplanAuthToken ${token}' -H 'Content-Type: application/json' -d '{"localeName":"en_US"}'

Ctrl-C stops it.
`;
}

/** Lines of cells, in columns that are the same in all parts. */
function table(parts: string[][][]): string[][] {
  const widths: number[] = [];
  for (const cells of parts.flat()) {
    cells.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  }
  const line = (cells: string[]) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ");
  return parts.map((part) => part.map((cells) => `    ${line(cells)}`.trimEnd()));
}
