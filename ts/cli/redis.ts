// The npm package `redis`, which comes with this one for nobody: few need it.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failed, UsageError } from "./command.js";

interface Redis {
  createClient(options: object): Client;
}

/** As much of a client as is used here, and by `redisStore`. */
interface Client {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  on(event: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
  connect(): Promise<unknown>;
  destroy?(): void;
  /** Before version 5. */
  disconnect(): Promise<void>;
}

/** The URL of `--redis`. */
export function parseRedis(text: string): URL {
  let url;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  if (!url || !["redis:", "rediss:"].includes(url.protocol)) {
    throw new UsageError("--redis: expected a URL such as redis://127.0.0.1:6379");
  }
  if (url.password) {
    throw new UsageError(
      "--redis: others can read a password in an argument; set REDIS_PASSWORD instead",
    );
  }
  return url;
}

/** A client that goes on trying for as long as it cannot connect. `tell` hears why, when it changes. */
export async function connectRedis(url: URL, tell: (reason: string) => void) {
  const { createClient } = await load();
  const client = made(createClient, {
    url: url.href,
    // Late answers are of no use: what is not there at once is not there.
    disableOfflineQueue: true,
    ...(process.env.REDIS_PASSWORD && { password: process.env.REDIS_PASSWORD }),
  });
  let told: string | undefined;
  // Unheard, each of them would end the process.
  client.on("error", (error) => {
    const reason = reasonOf(error);
    if (reason !== told) tell((told = reason));
  });
  client.connect().catch(() => {});
  const end = () => (client.destroy ? client.destroy() : void client.disconnect().catch(() => {}));
  return { client, end };
}

function made(createClient: Redis["createClient"], options: object): Client {
  try {
    return createClient(options);
  } catch (error) {
    throw new UsageError(`--redis: ${(error as Error).message}`);
  }
}

/** In a word: what a server says beside its code may quote what it was sent, a password for one. */
function reasonOf({ code, message, name }: NodeJS.ErrnoException): string {
  return code ?? /^[A-Z]+(?= )/.exec(message)?.[0] ?? name;
}

async function load(): Promise<Redis> {
  // In a variable, so that nobody looks for it before it is wanted.
  const name = "redis";
  try {
    return (await import(name)) as Redis;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  try {
    // Where this package is not beside those of the project, as with npx or pnpm.
    const found = createRequire(join(process.cwd(), "package.json")).resolve(name);
    const module = (await import(pathToFileURL(found).href)) as Redis & { default?: Redis };
    return module.default ?? module;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    throw new Failed("--redis needs the npm package redis: npm install redis");
  }
}
