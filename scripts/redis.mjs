// Finds the Redis server that the tests start, or one that passes for it.
import { executable } from "./project.mjs";
import { fromEnvironment, isProgram, onPath } from "./programs.mjs";

/** The path of a Redis server; undefined when there is none. */
export function findRedis() {
  const names = ["redis-server", "valkey-server"].map((name) => name + executable);
  return fromEnvironment("REDIS_SERVER") ?? onPath(...names).find(isProgram);
}
