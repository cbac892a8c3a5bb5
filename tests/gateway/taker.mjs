// A process that takes from a bucket as often and as fast as it can, when it is told to.
import { createClient } from "redis";
import { redisStore } from "../../pkg/gateway.js";

const [url, rate] = process.argv.slice(2);
const client = await createClient({ url }).connect();
const store = redisStore(client);

process.send("ready");
process.once("message", async () => {
  const take = () => store.take("shared", JSON.parse(rate));
  process.send(await Promise.all(Array.from({ length: 334 }, take)));
  client.destroy();
  process.disconnect();
});
