import type { GatewayStore } from "./types.js";

/**
 * What is needed of a client for Redis. That of the package `redis` has it, whether it is for one
 * server (`createClient`), for a cluster, for sentinels or a pool, from version 4 on.
 */
export interface RedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Whether a command would be sent now. */
  readonly isReady?: boolean;
}

export interface RedisStoreOptions {
  /**
   * What the names of all keys begin with. Gateways that share a Redis but neither tenant nor rules
   * need one each.
   * @default "anaplan-tasks:"
   */
  prefix?: string | undefined;
}

/**
 * What several processes of one gateway share, in Redis 5 or later, or whatever else speaks its
 * protocol and runs its scripts.
 *
 * ```js
 * import { createClient } from "redis";
 * import { createGateway, redisStore } from "anaplan-tasks/gateway";
 *
 * const client = createClient({ url: "redis://redis.internal:6379" });
 * client.on("error", console.error); // without a listener, the process would end
 * client.connect().catch(console.error); // not awaited: until it is there, the gateway goes on alone
 *
 * const gateway = await createGateway({ allow, auth, store: redisStore(client) });
 * ```
 *
 * The client stays yours: close it after the gateway. A cluster wants
 * `defaults: { disableOfflineQueue: true }`, so that nothing is kept for a server that has gone.
 */
export function redisStore(client: RedisClient, options?: RedisStoreOptions): GatewayStore {
  const prefix = options?.prefix ?? "anaplan-tasks:";
  if (typeof client?.eval !== "function") {
    throw new TypeError("redisStore takes a client of the npm package redis");
  }

  async function evaluate(script: string, key: string, ...args: string[]): Promise<unknown> {
    // It would keep the command until there is a connection, and send it long after it made sense.
    if (client.isReady === false) throw new Error("Redis is not connected");
    try {
      return await client.eval(script, { keys: [prefix + key], arguments: args });
    } catch (error) {
      // Not as the cause, either: a server quotes what it was sent.
      throw new Error(`Redis: ${unquoted(error)}`);
    }
  }

  return {
    async get(key) {
      const found = await evaluate(GET, key);
      if (!Array.isArray(found)) return undefined;
      const [value, left]: unknown[] = found;
      const ttl = Number(left);
      return ttl > 0 ? { value: String(value), ttl } : undefined;
    },
    async set(key, value, { ttl, ifAbsent }) {
      const reply = await evaluate(ifAbsent ? ADD : SET, key, value, wholeNumber(ttl));
      // A client may be set up to give numbers as strings.
      return Number(reply) === 1;
    },
    async delete(key, value) {
      await evaluate(DELETE, key, value);
    },
    async take(key, { interval, burst }) {
      // Rounded to what gives less.
      const rate = [wholeNumber(interval * 1_000), wholeNumber(Math.floor(burst))];
      return Number(await evaluate(TAKE, key, ...rate));
    },
  };
}

// All of it in scripts, though a plain command would do for one of the four: each client knows which
// server a script's key belongs to, and a command that is handed over raw it does not. One key each.

// Value and time together: it must not expire between the two.
const GET = `
local value = redis.call("GET", KEYS[1])
return value and { value, redis.call("PTTL", KEYS[1]) }`;

const SET = `return redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2]) and 1 or 0`;

const ADD = `return redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2], "NX") and 1 or 0`;

const DELETE = `return redis.call("GET", KEYS[1]) == ARGV[1] and redis.call("DEL", KEYS[1]) or 0`;

// The key holds when the bucket will be full: one interval later for each that was taken. No later
// than an empty one would be, for the rate may have changed, and the server's clock may be set back.
// In microseconds, as the server's time is: whole numbers, so that nothing is lost by rounding.
const TAKE = `
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local full = tonumber(redis.call("GET", KEYS[1]) or now)
full = math.max(now, math.min(full, now + interval * burst)) + interval
local wait = full - now - interval * burst
if wait > 0 then return math.ceil(wait / 1000) end
local ttl = math.ceil((full - now) / 1000)
redis.call("SET", KEYS[1], string.format("%.0f", full), "PX", string.format("%.0f", ttl))
return 0`;

/** As Redis takes it: at least 1, and without an exponent. */
function wholeNumber(value: number): string {
  if (Number.isNaN(value)) throw new RangeError("not a number");
  return String(Math.min(Math.max(1, Math.ceil(value)), Number.MAX_SAFE_INTEGER));
}

/** Why it failed, up to where something is quoted. */
function unquoted(error: unknown): string {
  const text = error instanceof Error ? error.message : "";
  return /^[^'"`\n]{0,200}/.exec(text)?.[0].trim() || "it failed";
}
