// One start by one key, however often it comes: to one gateway and to several with a store between them, in
// driven time; and as Chromium itself sends it again, over real sockets.
import assert from "node:assert/strict";
import { connect as dial, createServer } from "node:net";
import { after, describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { driveTime } from "../support/clock.mjs";
import {
  allow,
  asking,
  assertRefusal,
  assertSafe,
  exportId,
  fromPage,
  inExport,
  inModel,
  listen,
  model,
  openGateway,
  upstream,
} from "../support/gateway.mjs";
import { reply } from "../support/memory.mjs";
import { files, serve } from "../support/server.mjs";
import { memoryStore } from "../support/store.mjs";

const KEPT = 300_000;
const tasks = `${inExport}/tasks`;
const uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
/** What a client takes for proof that nothing ran; a 5xx it does not. */
const nothingRan = [409, 422, 429];

const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const numbered = () => {
  let count = 0;
  return () => ({ task: { taskId: `N${++count}` } });
};

/** Gateways with one Anaplan, `number` of them, in driven time: `posts()` is what reached it. */
async function open(t, answer, { number = 1, ...options } = {}) {
  // What loads the core takes real time.
  await openGateway(() => {});
  const clock = driveTime(t);
  const { fetch, log } = upstream(answer, clock.now);
  const starts = [];
  for (let i = 0; i < number; i++) {
    const ask = asking(await openGateway(fetch, options));
    starts.push((key = uuid, { path = tasks, headers, ...init } = {}) => {
      const keyed = { ...fromPage, ...(key && { "Idempotency-Key": key }), ...headers };
      return ask(path, { method: "POST", headers: keyed, ...init });
    });
  }
  const [start] = starts;
  const posts = () => log.filter(({ method }) => method === "POST");
  return { clock, start, starts, posts };
}

describe("a start by a key", () => {
  test("joins the one under way, and is given its answer for five minutes", async (t) => {
    const next = numbered();
    const { clock, start, posts } = await open(t, () => later(8_000, next()));
    const first = start(`"${uuid}"`);
    await clock.pass(4_000);
    // With quotes, as the draft has it, or without.
    const joined = await clock.until(Promise.all([first, start(), start(`"${uuid}"`)]));
    for (const pause of [0, KEPT - 10, 0]) {
      await clock.pass(pause);
      joined.push(await clock.until(start()));
    }
    for (const answer of joined) {
      assert.equal(answer.status, 200);
      assert.equal(answer.json.task.taskId, "N1");
      assertSafe(answer);
    }
    assert.equal(posts().length, 1);
    await clock.pass(20);
    assert.equal((await clock.until(start())).json.task.taskId, "N2");
  });

  test("never reaches Anaplan with its key, and by another key or none is another", async (t) => {
    const { clock, start, posts } = await open(t, numbered());
    const all = [start(), start(`${uuid}-2`), start(""), start("")];
    const ids = (await clock.until(Promise.all(all))).map(({ json }) => json.task.taskId);
    assert.deepEqual(ids, ["N1", "N2", "N3", "N4"]);
    for (const { headers } of posts()) {
      assert.deepEqual(Object.keys(headers).sort(), ["accept", "authorization", "content-type"]);
    }
  });

  const lost = {
    504: () => reply("", { status: 504 }),
    "a reset": () => {
      throw new TypeError("fetch failed", { cause: { code: "ECONNRESET" } });
    },
    "no task": () => ({ status: { code: 200 } }),
  };
  for (const [what, lose] of Object.entries(lost)) {
    test(`is not sent again where nobody knows what became of it (${what})`, async (t) => {
      const { clock, start, posts } = await open(t, lose);
      const answers = [await clock.until(start()), await clock.until(start())];
      for (const { status } of answers) assert.ok(status >= 500, `${status}`);
      assert.deepEqual(answers[1].json, answers[0].json);
      assert.equal(posts().length, 1);
    });
  }

  for (const status of [400, 401, 403, 404, 409, 422, 423, 424, 429]) {
    test(`is sent again after a ${status}, for nothing ran`, async (t) => {
      const next = numbered();
      let isBusy = true;
      const headers = { "Retry-After": "1" };
      const busy = () => reply("", { status, headers });
      const { clock, start, posts } = await open(t, () => (isBusy ? busy() : next()));
      const [one, two] = await clock.until(Promise.all([start(), start()]));
      assert.ok(one.status >= 400 && one.status < 500, `${one.status}`);
      assert.deepEqual(two.json, one.json, "both were one");
      assert.equal(posts().length, 1);
      isBusy = false;
      // A token that was refused is not tried again at once, nor before Retry-After.
      await clock.pass(60_000);
      assert.equal((await clock.until(start())).json.task.taskId, "N1");
      assert.equal((await clock.until(start())).json.task.taskId, "N1");
      assert.equal(posts().length, 2);
    });
  }

  test("is for one action, one body and one caller", async (t) => {
    const named = "https://planning.example";
    const { clock, start, posts } = await open(t, numbered(), {
      allow: { ...allow, actions: "*" },
      origins: [named],
    });
    const headers = { Cookie: "session=1", Authorization: "Bearer 1" };
    const ask = (init) => clock.until(start(uuid, { headers, ...init }));
    assert.equal((await ask()).json.task.taskId, "N1");
    for (const init of [
      { path: `${inModel}/exports/116000000099/tasks` },
      { path: `${inModel}/imports/${exportId}/tasks` },
      { body: '{"localeName":"de_DE"}' },
      { body: '{"localeName":"en_US","mappingParameters":[]}' },
    ]) {
      const refused = await ask(init);
      assertRefusal(refused, 422);
      assert.match(refused.json.status.message, /^Idempotency-Key: it was used for another start/);
    }
    for (const other of [
      { ...headers, Cookie: "session=2" },
      { ...headers, Authorization: "Bearer 2" },
      { ...headers, Origin: named },
      { Cookie: headers.Authorization, Authorization: headers.Cookie },
      {},
    ]) {
      const refused = await ask({ headers: other });
      // Whose it is does not get to know, and nothing is claimed of what it does not know of.
      assert.equal(refused.status, 503);
      assert.doesNotMatch(refused.text, /N1|=\d|Bearer/);
      assertSafe(refused);
    }
    // Written otherwise, it is the same.
    assert.equal((await ask({ body: ' { "localeName" : "en_US" } ' })).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
  });

  test("by a key that is none is refused before anybody is asked", async (t) => {
    let asked = 0;
    const authorize = () => (asked += 1) > 0;
    const { clock, start, posts } = await open(t, numbered(), { authorize });
    const many = "k".repeat(129);
    for (const key of ["short", '"short"', many, `"${uuid}`, `${uuid} x`, `${uuid}, ${uuid}`]) {
      const refused = await clock.until(start(key));
      assertRefusal(refused, 400);
      assert.match(refused.json.status.message, /^Idempotency-Key: expected 16 to 128 /);
      assert.doesNotMatch(refused.text, /short|8e03978e/);
    }
    assert.deepEqual([asked, posts().length], [0, 0]);
  });

  test("is given to nobody whom the host application refuses", async (t) => {
    let isWelcome = true;
    const { clock, start, posts } = await open(t, numbered(), { authorize: () => isWelcome });
    assert.equal((await clock.until(start())).status, 200);
    isWelcome = false;
    assertRefusal(await clock.until(start()), 403);
    isWelcome = true;
    assert.equal((await clock.until(start())).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
  });

  test("goes on when whoever asked first has gone", async (t) => {
    const next = numbered();
    const { clock, start, posts } = await open(t, () => later(8_000, next()));
    const gone = new AbortController();
    const first = start(uuid, { signal: gone.signal });
    await clock.pass(1_000);
    gone.abort();
    await clock.pass(1_000);
    assert.ok(posts()[0].open, "it was aborted");
    assert.equal((await clock.until(start())).json.task.taskId, "N1");
    await clock.until(first);
    assert.equal((await clock.until(start())).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
  });

  /** One request may leave at once, and the next after so long. */
  const narrow = { requestsPerMinute: 1, limits: { timeout: 20_000 } };

  test("waits for its turn as long as one of those who want it does", async (t) => {
    const { clock, start, posts } = await open(t, numbered(), narrow);
    await clock.until(start(""));
    const first = start();
    await clock.pass(15_000);
    const second = start();
    // Whoever gives up before the other must not be told that nothing will run.
    assert.equal((await clock.until(first)).status, 504);
    await clock.pass(10_000);
    const third = start();
    assert.equal((await clock.until(second)).status, 504);
    await clock.pass(10_000);
    const fourth = start();
    assert.equal((await clock.until(third)).status, 504);
    assert.equal((await clock.until(fourth)).json.task.taskId, "N2");
    assert.equal(posts().length, 2);
  });

  test("that nobody waits for any more is not sent, and begins anew for who comes later", async (t) => {
    const { clock, start, posts } = await open(t, numbered(), narrow);
    await clock.until(start(""));
    const told = await clock.until(start());
    assert.equal(told.status, 429);
    assert.match(told.json.status.message, /Nothing was started/);
    // Still in line, and given up: who comes now wants it again.
    await clock.pass(25_000);
    const again = await clock.until(start());
    assert.equal(again.json.task.taskId, "N2");
    assert.equal((await clock.until(start())).json.task.taskId, "N2");
    // Out of line, and not sent.
    assert.equal((await clock.until(start(`${uuid}-2`))).status, 429);
    await clock.pass(120_000);
    assert.equal(posts().length, 2);
    assert.equal((await clock.until(start(`${uuid}-2`))).json.task.taskId, "N3");
  });

  test("is one of 5,000 at the most, of which none under way is forgotten", async (t) => {
    const next = numbered();
    let release;
    const held = new Promise((resolve) => (release = resolve));
    const { clock, start, posts } = await open(t, () => held.then(next));
    const key = (i) => String(i).padStart(16, "0");
    const all = Array.from({ length: 5_000 }, (_, i) => start(key(i)));
    await clock.settle();
    const refused = await clock.until(start(key(5_000)));
    assertRefusal(refused, 429);
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    const joined = start(key(0));
    release();
    await clock.until(Promise.all([...all, joined]));
    assert.equal(posts().length, 5_000);
    assert.equal((await joined).json.task.taskId, (await all[0]).json.task.taskId);
    // Now there is room.
    assert.equal((await clock.until(start(key(5_000)))).status, 200);
    assert.equal(posts().length, 5_001);
  });
});

describe("a start by a key that comes to two processes", () => {
  const together = (t, answer, options) =>
    open(t, answer, { number: 2, store: memoryStore(), ...options });

  test("is made by one, and the other gives its answer", async (t) => {
    const next = numbered();
    const { clock, starts, posts } = await together(t, () => later(8_000, next()));
    const [here, there] = starts;
    const first = here();
    await clock.pass(1_000);
    const answers = await clock.until(Promise.all([first, there(), there(), here()]));
    answers.push(await clock.until(there()));
    await clock.pass(KEPT - 10_000);
    answers.push(await clock.until(here()), await clock.until(there()));
    for (const { status, json } of answers) {
      assert.deepEqual([status, json.task.taskId], [200, "N1"]);
    }
    assert.equal(posts().length, 1);
    // To one that hears of it for the first time after its end, too.
    const late = await clock.until(here(`${uuid}-2`));
    assert.equal((await clock.until(there(`${uuid}-2`))).json.task.taskId, late.json.task.taskId);
    assert.equal(posts().length, 2);
  });

  test("and both at the same time, is made by one", async (t) => {
    const { clock, starts, posts } = await together(t, numbered());
    const both = starts.flatMap((start) => [start(), start()]);
    for (const { json } of await clock.until(Promise.all(both))) {
      assert.equal(json.task.taskId, "N1");
    }
    assert.equal(posts().length, 1);
  });

  test("is made by the other where nothing ran at the first", async (t) => {
    const next = numbered();
    let count = 0;
    const busy = () => later(2_000, reply("", { status: 409 }));
    const { clock, starts, posts } = await together(t, () => (++count === 1 ? busy() : next()));
    const first = starts[0]();
    await clock.pass(1_000);
    const [one, two] = await clock.until(Promise.all([first, starts[1]()]));
    assert.deepEqual([one.status, two.status], [409, 200]);
    assert.equal((await clock.until(starts[0]())).json.task.taskId, two.json.task.taskId);
    assert.equal(posts().length, 2);
  });

  test("stays open where the first does not say what became of it", async (t) => {
    const { clock, starts, posts } = await together(t, () => new Promise(() => {}), {
      requestTimeout: 2 * KEPT,
    });
    const first = starts[0]();
    await clock.pass(1_000);
    for (const { status } of await clock.until(Promise.all([first, starts[1]()]))) {
      assert.equal(status, 504);
    }
    for (const start of starts) assert.equal((await clock.until(start())).status, 504);
    assert.equal(posts().length, 1);
    // It would keep this process alive.
    await clock.pass(2 * KEPT);
  });

  test("is lost for both where its answer was", async (t) => {
    const { clock, starts, posts } = await together(t, () => reply("", { status: 502 }));
    const answers = [await clock.until(starts[0]()), await clock.until(starts[1]())];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [502, 502],
    );
    assert.equal(posts().length, 1);
  });

  test("is for one body and one caller everywhere", async (t) => {
    const { clock, starts, posts } = await together(t, numbered());
    await clock.until(starts[0]());
    assertRefusal(await clock.until(starts[1](uuid, { body: '{"localeName":"de_DE"}' })), 422);
    const other = { headers: { Cookie: "session=2" } };
    assert.equal((await clock.until(starts[1](uuid, other))).status, 503);
    // Neither is remembered for the one who may.
    assert.equal((await clock.until(starts[1]())).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
  });

  test("is made by the other where nobody waited for the first any more", async (t) => {
    const narrow = { requestsPerMinute: 1, limits: { timeout: 20_000 } };
    const { clock, starts, posts } = await together(t, numbered(), narrow);
    await clock.until(starts[0](""));
    const first = starts[0]();
    await clock.pass(15_000);
    const second = starts[1]();
    // As far as the first knows, nothing runs, and nothing will.
    assert.equal((await clock.until(first)).status, 429);
    // The other cannot know that yet.
    assert.equal((await clock.until(second)).status, 504);
    await clock.pass(120_000);
    assert.equal(posts().length, 1, "it was sent for nobody");
    assert.equal((await clock.until(starts[1]())).json.task.taskId, "N2");
    assert.equal((await clock.until(starts[0]())).json.task.taskId, "N2");
    assert.equal(posts().length, 2);
  });

  /** A store over a Map that is away where `isAway(name, ...given)` says so, now or later. */
  function failing(isAway) {
    const store = memoryStore();
    const names = Object.keys(store);
    const call =
      (name) =>
      async (...given) => {
        const isGone = await isAway(name, ...given);
        if (isGone === true) throw new Error("away");
        const value = await store[name](...given);
        // It was heard, and the answer is lost.
        if (isGone === "answer") throw new Error("away");
        return value;
      };
    return Object.fromEntries(names.map((name) => [name, call(name)]));
  }

  test("begins anew for who comes while it is being given up", async (t) => {
    let joined;
    const store = failing((name, key) => {
      if (name !== "delete" || !key.startsWith("start:")) return false;
      joined ??= starts[0](`${uuid}-2`);
      return later(100, false);
    });
    const narrow = { requestsPerMinute: 1, limits: { timeout: 90_000 } };
    const { clock, starts, posts } = await together(t, numbered(), { store, ...narrow });
    await clock.until(starts[0](""));
    // The last of those that leave one after the other.
    const all = [starts[0](`${uuid}-1`), starts[0](`${uuid}-2`)];
    const [one, two] = await clock.until(Promise.all(all));
    assert.deepEqual([one.status, two.status], [200, 429]);
    assert.equal(joined, undefined);
    await clock.pass(60_000);
    const { status, json } = await clock.until(joined);
    assert.deepEqual([status, json.task.taskId], [200, "N3"]);
    assert.equal(posts().length, 3);
  });

  test("is not sent while the store is away, and nobody is told that it was not", async (t) => {
    let isAway = true;
    const store = failing(() => isAway);
    const { clock, starts, posts } = await together(t, numbered(), { store });
    for (const { status, text } of await clock.until(Promise.all(starts.map((start) => start())))) {
      assert.equal(status, 503, text);
      assert.match(text, /Whether the task was started is not known/);
    }
    assert.equal(posts().length, 0);
    // Without a key, each goes on alone, as ever.
    assert.equal((await clock.until(starts[0](""))).status, 200);
    // One that is away for a moment is waited for.
    const waiting = starts[0]();
    await clock.pass(4_000);
    isAway = false;
    assert.equal((await clock.until(waiting)).json.task.taskId, "N2");
    assert.equal((await clock.until(starts[1]())).json.task.taskId, "N2");
    assert.equal(posts().length, 2);
    // What is still to be told to the store is told, or given up.
    await clock.pass(30_000);
  });

  test("stays open for the other where the first cannot tell it", async (t) => {
    const store = failing((name, key, value) => name === "set" && /^\w+ \w+ over/.test(value));
    const { clock, starts, posts } = await together(t, numbered(), { store });
    assert.equal((await clock.until(starts[0]())).json.task.taskId, "N1");
    // What the first did tell makes the store be away no longer.
    await clock.pass(10_000);
    assert.equal((await clock.until(starts[1]())).status, 504);
    assert.equal((await clock.until(starts[0]())).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
    await clock.pass(30_000);
  });

  test("is made where the store has heard of it, and its answer was lost", async (t) => {
    let isLost = false;
    const store = failing((name, key) => {
      if (isLost || name !== "set" || !key.startsWith("start:")) return false;
      isLost = true;
      return "answer";
    });
    const { clock, starts, posts } = await together(t, numbered(), { store });
    assert.equal((await clock.until(starts[0]())).json.task.taskId, "N1");
    assert.equal((await clock.until(starts[1]())).json.task.taskId, "N1");
    assert.equal(posts().length, 1);
  });

  test("is not sent where the store forgets what it was told, or holds something else", async (t) => {
    for (const kept of [undefined, "", "x", "1 2 over", "1 2 over\n<html>"]) {
      const store = {
        ...memoryStore(),
        get: async () => kept && { value: kept, ttl: 1_000 },
        set: async (_, __, { ifAbsent }) => !ifAbsent || kept === undefined,
      };
      const { clock, starts, posts } = await together(t, numbered(), { store });
      const { status, text } = await clock.until(starts[0]());
      assert.ok(!nothingRan.includes(status) || status === 422, text);
      assert.equal(posts().length, 0);
      await clock.pass(30_000);
      t.mock.restoreAll();
    }
  });

  test("leaves no secret in the store", async (t) => {
    const written = [];
    const store = failing((_, ...given) => void written.push(JSON.stringify(given)));
    const { clock, starts } = await together(t, numbered(), { store });
    const headers = { Cookie: "session=hunter2", Authorization: "Bearer pa55" };
    await clock.until(starts[0](uuid, { headers }));
    await clock.until(starts[1](uuid, { headers }));
    assert.ok(written.some((text) => text.includes("start:")));
    assert.doesNotMatch(written.join("\n"), /hunter2|pa55|8e03978e/);
  });
});

describe("Chromium", { concurrency: true }, () => {
  let browser;
  after(async () => (await browser)?.close());

  /**
   * A page of a gateway's own origin, and between the two something that breaks the connection of a start
   * before any answer, the first `times` times: `posts` are the keys of those that came, `log` is what
   * reached Anaplan, whose answer to a start waits for `posts.release()`.
   */
  async function scene(t, times) {
    let release;
    const released = new Promise((resolve) => (release = resolve));
    const next = numbered();
    const { fetch: toAnaplan, log } = upstream(async ({ method }) => {
      if (method === "GET") return { tasks: [] };
      await released;
      return next();
    });
    const gateway = await openGateway(toAnaplan);
    const pkg = await serve(t, files(at()));
    const pages = async ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/blank") {
        return new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
      }
      return pathname.startsWith("/pkg/") ? fetch(pkg + pathname) : undefined;
    };
    const behind = new URL(await listen(t, gateway, { pages }));
    const posts = Object.assign([], { release });
    const between = createServer((socket) => {
      const onward = dial(behind.port, behind.hostname);
      for (const end of [socket, onward]) end.on("error", () => {});
      t.after(() => [socket, onward].forEach((end) => end.destroy()));
      onward.pipe(socket);
      socket.on("data", (data) => {
        const text = String(data);
        onward.write(data);
        if (!text.startsWith("POST ")) return;
        posts.push(/^idempotency-key: (.*)$/im.exec(text)?.[1]);
        if (posts.length > times) return release();
        // Once it has reached Anaplan, nothing is left for the browser but a connection that ends.
        const isThere = () => log.some(({ method }) => method === "POST");
        const cut = () => (isThere() ? socket.destroy() : setTimeout(cut, 5));
        cut();
      });
      socket.on("close", () => onward.destroy());
    });
    await new Promise((resolve) => between.listen(0, "127.0.0.1", resolve));
    t.after(() => between.close());
    const origin = `http://127.0.0.1:${between.address().port}`;
    const { page } = await openPage(t, await (browser ??= launchBrowser()));
    await page.goto(`${origin}/blank`);
    return { page, posts, log };
  }

  test("sends a start again by itself, with the same key, and one task is made", async (t) => {
    const { page, posts, log } = await scene(t, 1);
    const taskId = await page.evaluate(
      async ({ model, exportId }) => {
        const { connect } = await import("/pkg/index.js");
        const anaplan = await connect({ baseUrl: "/anaplan" });
        // It repeats what it sent over a connection that was in use before.
        await fetch("/blank");
        return (await anaplan.action({ ...model, exportId }).start()).ref.taskId;
      },
      { model, exportId },
    );
    assert.equal(taskId, "N1");
    // That it was Chromium itself is shown by what else there would be: a look at the newest tasks.
    assert.deepEqual(
      log.map(({ method }) => method),
      ["POST"],
    );
    assert.equal(posts.length, 2);
    assert.match(posts[0], /^"[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}"$/);
    assert.equal(posts[1], posts[0]);
  });

  test("sends each start with a key of its own, on pages that are not secure, too", async (t) => {
    const { page, posts, log } = await scene(t, 0);
    await page.evaluate(
      async ({ model, exportId }) => {
        // There is none on such pages.
        Object.defineProperty(crypto, "randomUUID", { value: undefined });
        const { connect } = await import("/pkg/index.js");
        const anaplan = await connect({ baseUrl: "/anaplan" });
        const action = anaplan.action({ ...model, exportId });
        await action.start();
        await Promise.all([action.start(), action.start()]);
      },
      { model, exportId },
    );
    assert.equal(posts.length, 3);
    assert.equal(new Set(posts).size, 3);
    assert.equal(log.length, 3);
  });
});
