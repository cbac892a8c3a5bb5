// Whatever the package `redis` makes is a client for the store, as TypeScript sees it. Nothing runs this.
import { createClient, createClientPool, createCluster, createSentinel } from "redis";
import { redisStore, type GatewayStore } from "../../ts/gateway.js";

export const stores: GatewayStore[] = [
  redisStore(createClient()),
  redisStore(createClient({ RESP: 3 }), { prefix: "mine:" }),
  redisStore(createClientPool()),
  redisStore(createCluster({ rootNodes: [] })),
  redisStore(createSentinel({ name: "main", sentinelRootNodes: [] })),
];
