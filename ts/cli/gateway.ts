import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AnaplanError } from "../error.js";
import type { Gateway, GatewayOptions } from "../gateway/types.js";
import { parseAllow } from "./allow.js";
import { UsageError, parseOptions, parseWhole, type Command } from "./command.js";
import { credentialHelp, credentialOptions, credentials } from "./credentials.js";
import { interruption, listen, originOf, parseHost } from "./listen.js";
import { Log } from "./log.js";
import { parseRedis, connectRedis } from "./redis.js";
import { gatewayServer } from "./server.js";

const help = `Lets pages reach Anaplan: by the paths of Anaplan's API, as far as the rules allow, without a token.

Usage: anaplan-tasks gateway --allow RULE [options]

Options:
  --allow RULE       what may pass, WORKSPACE/MODEL/ACTION:OPERATION,... with * for any of a part;
                     may be repeated. Operations: status, cancel, start, tasks, list, download
  --port N           where to listen; 0 picks a free port (default 8080)
  --host HOST        on which address (default 127.0.0.1: this machine alone)
  --prefix PATH      the path before /workspaces/... (default /anaplan)
  --origin URL       another site whose pages may use it; may be repeated
  --host-name NAME   a host name that requests may come by, with its port if that is not the usual
                     one; may be repeated (default: on this machine alone, its own names; else any)
  --programs         lets programs start and cancel, too, not only pages
  --trust-proxy      a proxy of yours is in front: a client's address is the last one in the header
                     X-Forwarded-For
  --requests-per-minute N
                     its share of the requests that Anaplan grants a tenant (default 300)
  --redis URL        shares answers and budget with other processes; needs the npm package redis.
                     A password for it is in REDIS_PASSWORD
  --instances N      how many processes share it (default 4)
  --region NAME      where the tenant is: eu3, for example (default us1)
  --base-url URL     where Anaplan is (default https://api.anaplan.com/2/0)
  --auth-url URL     where tokens for a user come from (default https://auth.anaplan.com)
  --oauth-url URL    where those of OAuth do (default https://us1a.app.anaplan.com)
  --grace SECONDS    how long what is under way may take when it is to end (default 30)
  --verbose          logs each request to Anaplan, too
  --quiet            logs nothing
  --json             prints where it listens as a line of JSON

${credentialHelp}

It logs to standard error, an object of JSON in a line each. /healthz answers whether it is well.
SIGTERM and SIGINT end it when what is under way is done; a second one at once.

Examples:
  ANAPLAN_USER=... ANAPLAN_PASSWORD=... npx anaplan-tasks gateway --allow '*/*/*:status,cancel'
  npx anaplan-tasks gateway --token-file token.txt --allow 'WORKSPACE/MODEL/*:status' --port 8081

Without a tenant, with the token that the first of the two prints:
  npx anaplan-tasks simulate --port 8080
  ANAPLAN_TOKEN=... npx anaplan-tasks gateway --base-url http://127.0.0.1:8080/2/0 --port 8081 --allow '*/*/*:status,cancel,start'
`;

export const gateway: Command = {
  summary: "lets pages reach Anaplan, as far as you allow and without a token",
  help,
  run,
};

const options = {
  allow: { type: "string", multiple: true },
  port: { type: "string", default: "8080" },
  host: { type: "string", default: "127.0.0.1" },
  prefix: { type: "string" },
  origin: { type: "string", multiple: true },
  "host-name": { type: "string", multiple: true },
  programs: { type: "boolean", default: false },
  "trust-proxy": { type: "boolean", default: false },
  "requests-per-minute": { type: "string" },
  redis: { type: "string" },
  instances: { type: "string" },
  region: { type: "string" },
  "base-url": { type: "string" },
  ...credentialOptions,
  grace: { type: "string", default: "30" },
  verbose: { type: "boolean", default: false },
  quiet: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

async function run(args: string[]): Promise<number> {
  const values = parseOptions(args, options);
  const { quiet, verbose, json, prefix = "/anaplan" } = values;
  if (!values.allow) throw new UsageError("--allow: expected a rule, such as '*/*/*:status'");
  if (quiet && verbose) throw new UsageError("--quiet and --verbose: which of them?");
  const host = parseHost(values.host);
  const port = parseWhole("--port", values.port, 65_535);
  const grace = parseWhole("--grace", values.grace, 86_400);
  const redis = values.redis === undefined ? undefined : parseRedis(values.redis);
  const log = new Log(quiet ? "quiet" : verbose ? "verbose" : "normal");
  const settings: GatewayOptions = {
    allow: values.allow.map(parseAllow),
    prefix,
    origins: values.origin,
    programs: values.programs,
    region: values.region,
    baseUrl: values["base-url"],
    requestsPerMinute: parsePositive("requests-per-minute", values["requests-per-minute"]),
    instances: parsePositive("instances", values.instances),
    auth: await credentials(values),
    onEvent: (event) => log.event(event),
  };

  // Other commands have no use for it, and it holds a WebAssembly file.
  const { createGateway, redisStore } = await import("../gateway.js");
  const connection =
    redis &&
    (await connectRedis(redis, (reason) => log.say("warn", "redis", `no connection: ${reason}`)));
  if (connection) settings.store = redisStore(connection.client);

  let ready!: Promise<Gateway>;
  const { server, drain } = gatewayServer(async (...args) => (await ready)(...args), {
    trustProxy: values["trust-proxy"],
  });
  await listen(server, host, port);
  const stopped = interruption();
  // Only now is it known which port it has.
  settings.hosts = values["host-name"] ?? ownNames(host, server);
  ready = createGateway(settings);
  let gateway;
  try {
    gateway = await ready;
  } catch (error) {
    server.close();
    connection?.end();
    throw explained(error as AnaplanError);
  }
  const origin = originOf(server);
  const where = { baseUrl: origin + prefix.replace(/\/$/, ""), health: `${origin}/healthz` };
  process.stdout.write(json ? `${JSON.stringify(where)}\n` : `${where.baseUrl} is a gateway.\n`);
  if (!settings.hosts) {
    log.say("warn", "hosts", "requests by any host name pass; --host-name names those that are to");
  }

  await stopped;
  interruption().then(() => process.exit(0));
  log.say("info", "stopping", `what is under way has ${grace} s; a second signal ends it at once`);
  const whole = await drain.run(gateway.close(), grace * 1_000);
  connection?.end();
  if (whole) return 0;
  log.say("warn", "stopped", `what was under way after ${grace} s was cut off`);
  // Rather than when Anaplan has answered what nobody waits for.
  process.exit(0);
}

function parsePositive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return parseWhole(`--${option}`, text, Number.MAX_SAFE_INTEGER, 1);
}

/**
 * The names of this machine, where nobody else can reach it: a page may have the name of its own host
 * lead here, and would be of the gateway's own origin.
 */
function ownNames(host: string, server: Server): string[] | undefined {
  const { address, port } = server.address() as AddressInfo;
  if (!/^(::ffff:)?127\.|^::1$/.test(address)) return undefined;
  const names = new Set(["localhost", "127.0.0.1", "[::1]", address, host]);
  return [...names]
    .filter((name) => name.startsWith("[") || !name.includes(":"))
    .map((name) => (port === 80 ? name : `${name}:${port}`));
}

/** What the gateway refuses, by the names that it has here. */
function explained(error: AnaplanError): Error {
  if (error.code !== "INVALID_ARGUMENT") return error;
  return new UsageError(error.message.replace(/^[\w.]+/, (name) => optionNames[name] ?? name));
}

const optionNames: Record<string, string> = {
  allow: "--allow",
  prefix: "--prefix",
  origins: "--origin",
  hosts: "--host-name",
  region: "--region",
  baseUrl: "--base-url",
  authUrl: "--auth-url",
  oauthUrl: "--oauth-url",
  requestsPerMinute: "--requests-per-minute",
  instances: "--instances",
};
