// The npm package `redis`, which comes with this one for nobody: few need it.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failed, UsageError } from "./command.js";

interface Redis {
  createClient(options: object): Client;
}

/** As much of a client as is used here; the rest is what `redisStore` makes of it. */
interface Client {
  on(event: "error", listener: () => void): unknown;
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

/** A client that goes on trying for as long as it cannot connect. */
export async function connectRedis(url: URL) {
  const { createClient } = await load();
  const client = createClient({
    url: url.href,
    // Late answers are of no use: what is not there at once is not there.
    disableOfflineQueue: true,
    ...(process.env.REDIS_PASSWORD && { password: process.env.REDIS_PASSWORD }),
  });
  // The gateway tells of it, once; unheard, each try would end the process.
  client.on("error", () => {});
  client.connect().catch(() => {});
  const end = () => (client.destroy ? client.destroy() : void client.disconnect().catch(() => {}));
  return { client, end };
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
