// What the processes of a gateway share, in a Redis server, and in the Map that other tests use.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { RESP_TYPES } from "redis";
import { redisStore } from "../../pkg/gateway.js";
import { at } from "../../scripts/project.mjs";
import { openClient, startRedis } from "../support/redis.mjs";
import { memoryStore } from "../support/store.mjs";

/** Something with `after`, for what all tests of a suite use. */
function suite() {
  const works = [];
  after(async () => {
    for (const work of works.reverse()) await work();
  });
  return { after: (work) => works.push(work) };
}

function contract(open) {
  let store;
  before(async () => (store = await open()));
  const fresh = (name, work) => test(name, () => work(name));

  fresh("what was set is there, with the time that it has left", async (key) => {
    assert.equal(await store.get(key), undefined);
    assert.equal(await store.set(key, "one", { ttl: 60_000 }), true);
    const { value, ttl } = await store.get(key);
    assert.equal(value, "one");
    assert.ok(ttl > 30_000 && ttl <= 60_000, String(ttl));

    assert.equal(await store.set(key, "two", { ttl: 1_000, ifAbsent: false }), true);
    const changed = await store.get(key);
    assert.equal(changed.value, "two");
    assert.ok(changed.ttl > 0 && changed.ttl <= 1_000, String(changed.ttl));
  });

  fresh("any text survives", async (key) => {
    for (const value of [
      "",
      "0",
      " \r\n\0",
      "été 🚀 \u2028",
      '{"a":"\'`"}',
      "x".repeat(1_000_000),
    ]) {
      await store.set(key, value, { ttl: 60_000 });
      assert.equal((await store.get(key)).value, value);
    }
  });

  fresh("what is there is not set again if it is to be absent", async (key) => {
    assert.equal(await store.set(key, "one", { ttl: 60_000, ifAbsent: true }), true);
    assert.equal(await store.set(key, "two", { ttl: 90_000, ifAbsent: true }), false);
    const { value, ttl } = await store.get(key);
    assert.equal(value, "one");
    assert.ok(ttl <= 60_000, String(ttl));
  });

  fresh("after its time it is gone", async (key) => {
    await store.set(key, "one", { ttl: 50, ifAbsent: true });
    await sleep(100);
    assert.equal(await store.get(key), undefined);
    assert.equal(await store.set(key, "two", { ttl: 60_000, ifAbsent: true }), true);
  });

  fresh("times need not be whole, nor as long as a millisecond", async (key) => {
    for (const ttl of [0.2, 0, -1, 1e-9]) {
      await store.set(key, "short", { ttl });
      await sleep(5);
      assert.equal(await store.get(key), undefined, String(ttl));
    }
    await store.set(key, "long", { ttl: 1234.5 });
    assert.ok((await store.get(key)).ttl <= 1_235);
    await store.set(key, "for ever", { ttl: Infinity });
    assert.ok((await store.get(key)).ttl > 1e12);
  });

  fresh("it is removed by its value, and only by that", async (key) => {
    await store.set(key, "mine", { ttl: 60_000 });
    assert.equal(await store.delete(key, "theirs"), undefined);
    assert.equal((await store.get(key)).value, "mine");
    assert.equal(await store.delete(key, "mine"), undefined);
    assert.equal(await store.get(key), undefined);
    await store.delete(key, "mine");
    await store.delete(key, "");
  });

  fresh("of a hundred who want to be first, one is", async (key) => {
    const set = (_, i) => store.set(key, String(i), { ttl: 60_000, ifAbsent: true });
    const results = await Promise.all(Array.from({ length: 100 }, set));
    assert.deepEqual(
      results.filter((wasSet) => wasSet !== false),
      [true],
    );
    assert.equal((await store.get(key)).value, String(results.indexOf(true)));
  });

  fresh("a bucket gives what it holds, then says how long to wait", async (key) => {
    const rate = { interval: 60_000, burst: 5 };
    for (let i = 0; i < 5; i++) assert.equal(await store.take(key, rate), 0, String(i));
    for (let i = 0; i < 3; i++) {
      const wait = await store.take(key, rate);
      assert.ok(Number.isInteger(wait) && wait > 30_000 && wait <= 60_000, String(wait));
    }
  });

  fresh("who waits as long as it says gets one, and one only", async (key) => {
    const rate = { interval: 200, burst: 2 };
    const began = performance.now();
    let given = 0;
    for (let i = 0; i < 5; i++) {
      const wait = await store.take(key, rate);
      assert.ok(wait >= 0 && wait <= 200, String(wait));
      if (wait > 0) {
        // A timer may be a millisecond early, and the clocks are two.
        await sleep(wait + 2);
        assert.equal(await store.take(key, rate), 0);
      }
      given += 1;
    }
    // However long the machine took for it.
    const most = rate.burst + (performance.now() - began) / rate.interval;
    assert.ok(given <= most + 0.1, `${given} of ${most}`);
  });

  fresh("a bucket that is left alone fills up, and not beyond", async (key) => {
    const rate = { interval: 50, burst: 3 };
    for (let i = 0; i < 3; i++) assert.equal(await store.take(key, rate), 0);
    await sleep(500);
    const waits = [];
    for (let i = 0; i < 4; i++) waits.push(await store.take(key, { interval: 60_000, burst: 3 }));
    assert.deepEqual(waits.slice(0, 3), [0, 0, 0]);
    assert.ok(waits[3] > 0);
  });

  fresh(
    "a rate that has become less keeps nobody waiting longer than its interval",
    async (key) => {
      for (let i = 0; i < 9; i++) await store.take(key, { interval: 60_000, burst: 9 });
      const wait = await store.take(key, { interval: 100, burst: 1 });
      assert.ok(wait > 0 && wait <= 100, String(wait));
    },
  );

  fresh("an interval need not be whole", async (key) => {
    const rate = { interval: 1000 / 7, burst: 7 };
    const waits = [];
    for (let i = 0; i < 7; i++) waits.push(await store.take(key, rate));
    assert.deepEqual(waits, Array(7).fill(0));
    const wait = await store.take(key, rate);
    assert.ok(Number.isInteger(wait) && wait <= 143, String(wait));
  });
}

describe("a Map", () => contract(memoryStore));

describe("Redis", () => {
  const t = suite();
  let server;
  before(async () => (server = await startRedis(t)));

  describe("as it comes", () => contract(async () => redisStore(await openClient(t, server))));

  describe("by its other protocol, with types of the user's own", () =>
    contract(async () => {
      const client = await openClient(t, server, { RESP: 3 });
      const types = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };
      return redisStore(client.withTypeMapping(types), { prefix: "other:" });
    }));

  test("all keys begin with the prefix", async (t) => {
    const client = await openClient(t, server, { database: 1 });
    const use = async (store) => {
      await store.set("a", "1", { ttl: 60_000 });
      await store.set("b", "2", { ttl: 60_000, ifAbsent: true });
      await store.take("c", { interval: 60_000, burst: 1 });
    };
    await use(redisStore(client));
    await use(redisStore(client, { prefix: "mine:" }));
    await use(redisStore(client, { prefix: "" }));
    const names = ["a", "b", "c"];
    assert.deepEqual(
      (await client.keys("*")).sort(),
      [
        ...names,
        ...names.map((n) => `anaplan-tasks:${n}`),
        ...names.map((n) => `mine:${n}`),
      ].sort(),
    );
    for (const key of await client.keys("*")) {
      const left = await client.pTTL(key);
      assert.ok(left > 0 && left <= 60_000, `${key}: ${left}`);
    }
  });

  test("a server whose clock was set gives no less than one each interval, nor more at once", async (t) => {
    const client = await openClient(t, server);
    const store = redisStore(client, { prefix: "" });
    for (const [name, full, given] of [
      ["forward", 0, 3],
      ["back", 1e18, 0],
    ]) {
      await client.set(name, String(full));
      const waits = [];
      for (let i = 0; i < 4; i++)
        waits.push(await store.take(name, { interval: 60_000, burst: 3 }));
      assert.equal(waits.filter((wait) => wait === 0).length, given, name);
      assert.ok(Math.max(...waits) <= 60_000, `${name}: ${waits}`);
    }
  });

  test("three processes together take no more than the bucket gives", async (t) => {
    const rate = { interval: 20, burst: 50 };
    const takers = Array.from({ length: 3 }, () =>
      fork(at("tests", "gateway", "taker.mjs"), [server.url, JSON.stringify(rate)]),
    );
    t.after(() => takers.forEach((taker) => taker.kill("SIGKILL")));
    await Promise.all(takers.map((taker) => once(taker, "message")));

    const began = performance.now();
    const results = takers.map(async (taker) => {
      taker.send("go");
      const [waits] = await once(taker, "message");
      return waits;
    });
    const waits = (await Promise.all(results)).flat();
    const elapsed = performance.now() - began;

    assert.equal(waits.length, 1_002);
    const taken = waits.filter((wait) => wait === 0).length;
    const most = rate.burst + Math.floor(elapsed / rate.interval);
    assert.ok(taken >= rate.burst && taken <= most, `${taken} of at most ${most}`);
    for (const wait of waits) assert.ok(wait <= rate.interval, String(wait));
  });
});

describe("a server that goes", { concurrency: true }, () => {
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    test(`by ${signal} rejects at once, and is used again when it is back`, async (t) => {
      const server = await startRedis(t);
      const store = redisStore(await openClient(t, server));
      await store.set("key", "value", { ttl: 60_000 });
      // Under way while it goes.
      const calls = Array.from({ length: 20 }, () =>
        rejectsQuickly(store.get("key"), { or: true }),
      );
      await server.stop(signal);
      await Promise.all(calls);
      await sleep(50);

      await Promise.all([
        rejectsQuickly(store.get("key")),
        rejectsQuickly(store.set("late", "value", { ttl: 60_000 })),
        rejectsQuickly(store.delete("key", "value")),
        rejectsQuickly(store.take("bucket", { interval: 1_000, burst: 1 })),
      ]);

      await server.start();
      await until(() => store.get("key").then(() => true));
      assert.equal(await store.get("key"), undefined);
      // Nothing was kept for later.
      assert.equal(await store.get("late"), undefined);
      assert.equal(await store.take("bucket", { interval: 60_000, burst: 1 }), 0);
    });
  }

  test("before it ever came rejects, too", async (t) => {
    const server = await startRedis(t);
    await server.stop();
    const client = await openClient(t, server, {}, { connected: false });
    const store = redisStore(client);
    await rejectsQuickly(store.get("key"));
    client.connect().catch(() => {});
    await rejectsQuickly(store.get("key"));
    await server.start();
    await until(() => store.get("key").then(() => true));
  });
});

describe("what fails", () => {
  const store = (error) => redisStore({ eval: () => Promise.reject(error) });

  test("says why", async () => {
    const reason = /^Error: Redis: OOM command not allowed when used memory >$/;
    const error = new Error("OOM command not allowed when used memory > 'maxmemory'.");
    await assert.rejects(store(error).get("key"), reason);
    await assert.rejects(store(new Error("connect ECONNREFUSED 127.0.0.1:6379")).get("key"), {
      message: "Redis: connect ECONNREFUSED 127.0.0.1:6379",
    });
    for (const nothing of [undefined, null, "text", {}, new Error(""), new Error("'key'")]) {
      await assert.rejects(store(nothing).get("key"), { message: "Redis: it failed" });
    }
  });

  test("tells nothing of what was kept", async (t) => {
    const server = await startRedis(t);
    const client = await openClient(t, server);
    const real = redisStore(client);
    await client.lPush("anaplan-tasks:list", "secret");
    await real.set("text", "secret", { ttl: 60_000 });
    const calls = [
      real.get("list"),
      real.delete("list", "secret"),
      real.take("list", { interval: 1, burst: 1 }),
    ];
    // An old server, or one that allows no scripts, repeats what it was asked.
    await client.sendCommand(["ACL", "SETUSER", "default", "-eval"]);
    calls.push(real.set("text", "secret", { ttl: 60_000 }));
    for (const call of calls) {
      const error = await call.then(assert.fail, (error) => error);
      assert.match(error.message, /^Redis: \w+/);
      for (const text of [error.message, error.stack, JSON.stringify(error)]) {
        assert.ok(!text.includes("secret"), text);
      }
      assert.equal(error.cause, undefined);
    }
    const quoting = new Error("ERR unknown command 'EVAL', with args beginning with: 'secret'");
    const error = await store(quoting)
      .get("key")
      .then(assert.fail, (error) => error);
    assert.equal(error.message, "Redis: ERR unknown command");
  });

  test("is a client that is none, at once", () => {
    for (const client of [undefined, null, {}, "redis://127.0.0.1"]) {
      assert.throws(() => redisStore(client), /takes a client of the npm package redis/);
    }
  });

  test("is a time that is no number", async () => {
    const answering = redisStore({ eval: async () => 1 });
    const rate = { interval: 1, burst: 1 };
    for (const call of [
      answering.set("key", "value", { ttl: NaN }),
      answering.take("key", { ...rate, interval: NaN }),
      answering.take("key", { ...rate, burst: NaN }),
    ]) {
      await assert.rejects(call, RangeError);
    }
  });
});

/** As long as there is no server, whatever was said to one would wait for ever. */
async function rejectsQuickly(call, { or: mayAnswer = false } = {}) {
  const began = performance.now();
  const outcome = await call.then(
    () => "answered",
    () => "rejected",
  );
  if (!mayAnswer) assert.equal(outcome, "rejected");
  const elapsed = performance.now() - began;
  assert.ok(elapsed < 10_000, `${outcome} after ${elapsed} ms`);
}

async function until(work) {
  for (;;) {
    if (await work().catch(() => false)) return;
    await sleep(20);
  }
}
