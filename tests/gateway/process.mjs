// One process of gateways: it opens one for each message that says what it is to be, on a port of its
// own, and tells its parent the port, and all events.
import { serve } from "@hono/node-server";
import { createClient } from "redis";
import { createGateway, redisStore } from "../../pkg/gateway.js";

process.on("message", async ({ id, settings: { redis, prefix, ...options } }) => {
  const gateway = await createGateway({
    auth: "token",
    allow: { workspaces: "*", models: "*", actions: "*", operations: "*" },
    onEvent: (event) => process.send({ id, event }),
    store: redis && redisStore(await connected(redis), { prefix }),
    ...options,
  });
  const fetch = (request) => gateway(request);
  serve({ fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => process.send({ id, port }));
});

async function connected(url) {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

// Whoever started it may be killed.
process.once("disconnect", () => process.exit());
