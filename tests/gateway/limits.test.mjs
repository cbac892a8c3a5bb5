// What protects the gateway from too much, and how it ends.
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { describe, test } from "node:test";
import {
  anaplan,
  asking,
  assertNoSecret,
  assertRefusal,
  assertSafe,
  exportId,
  fromPage,
  inExport,
  inModel,
  listen,
  openGateway,
  own,
  read,
  request,
  taskPath,
  token,
  upstream,
} from "../support/gateway.mjs";
import { memoryStore } from "../support/store.mjs";

const tasks = `${inExport}/tasks`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** An Anaplan that answers when it is told to. */
function held(answer = anaplan) {
  const waiting = [];
  const { fetch, log } = upstream(async (entry) => {
    await new Promise((resolve) => waiting.push(resolve));
    return answer(entry);
  });
  return { fetch, log, release: () => waiting.splice(0).forEach((resolve) => resolve()) };
}

test("an address of 2 000 characters is read, and a longer one is not", async () => {
  const { fetch, log } = upstream();
  const ask = asking(await openGateway(fetch));
  const longest = (more) => {
    const path = `${taskPath()}?x=`;
    return path + "y".repeat(2_000 - `${own}/anaplan${path}`.length + more);
  };
  assert.equal((await ask(longest(0))).status, 200);
  for (const more of [1, 2_000, 1_000_000]) assertRefusal(await ask(longest(more)), 414);
  assertRefusal(await ask(`/${"a/".repeat(100_000)}`), 414);
  assertRefusal(await ask(`#${"x".repeat(3_000)}`), [404, 414]);
  assert.equal(log.length, 1);
});

describe("a body", () => {
  const post = (ask, init) => ask(tasks, { method: "POST", ...init });
  const padded = (length) => '{"localeName":"en_US"}'.padEnd(length, " ");

  /** Pieces of `size`, for ever; counts them. */
  function endless(size = 1_000) {
    const body = new ReadableStream({
      pull(controller) {
        body.pulled = (body.pulled ?? 0) + size;
        controller.enqueue(new Uint8Array(size).fill(0x20));
      },
      cancel() {
        body.cancelled = true;
      },
    });
    return body;
  }

  test("of 16 384 bytes is read, and a larger one is not", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch));
    assert.equal((await post(ask, { body: padded(16_384) })).status, 200);
    assertRefusal(await post(ask, { body: padded(16_385) }), 413);
    const small = asking(await openGateway(fetch, { limits: { bodySize: 22 } }));
    assert.equal((await post(small, { body: padded(22) })).status, 200);
    assertRefusal(await post(small, { body: padded(23) }), 413);
    // In bytes, not in characters.
    assertRefusal(await post(small, { body: '{"localeName":"äöüäöü"}' }), 413);
    assert.equal(log.length, 2);
  });

  test("that never ends is refused once it is too large, and let go", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch));
    for (const size of [1, 1_000, 1_000_000]) {
      const body = endless(size);
      assertRefusal(await post(ask, { body }), 413);
      await sleep(5);
      assert.ok(body.pulled <= 16_384 + 4 * size, `${body.pulled} of ${size}`);
      assert.equal(body.cancelled, true);
    }
    assert.equal(log.length, 0);
  });

  test("whose length is said to be too large is not even looked at", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch));
    for (const length of ["16385", "999999999999999999999", "1e9"]) {
      const body = endless();
      const headers = { ...fromPage, "Content-Length": length };
      assertRefusal(await post(ask, { body, headers }), 413);
      assert.ok((body.pulled ?? 0) <= 2_000);
    }
    // What is said does not count where it is less.
    for (const length of ["1", "-1", "x", "", "NaN"]) {
      const headers = { ...fromPage, "Content-Length": length };
      assertRefusal(await post(ask, { body: padded(20_000), headers }), 413);
    }
    assert.equal(log.length, 0);
  });

  test("that is too large is not for the host application to read either", async () => {
    const { fetch, log } = upstream();
    let most = 0;
    const authorize = async (request) => {
      for await (const piece of request.body) {
        most += piece.length;
        if (most > 1_000_000) break;
      }
      return true;
    };
    const limits = { timeout: 500 };
    const ask = asking(await openGateway(fetch, { authorize, limits }));
    assertRefusal(await post(ask, { body: endless() }), 413);
    assert.ok(most <= 20_000, `it read ${most} bytes`);
    assertRefusal(await post(ask, { body: padded(20_000) }), 413);
    assert.equal(log.length, 0);
  });

  test("that breaks off starts nothing", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch));
    const broken = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"localeName"')),
      pull: (controller) => controller.error(new Error("the socket is gone")),
    });
    assertRefusal(await post(ask, { body: broken }), 400);
    const odd = new ReadableStream({ pull: (controller) => controller.enqueue("text") });
    assertRefusal(await post(ask, { body: odd }), 400);
    assert.equal(log.length, 0);
  });

  test("that stalls is not waited for, and nothing is said of a task that may run", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch, { limits: { timeout: 50 } }));
    const answer = await post(ask, {
      body: new ReadableStream({ pull: () => new Promise(() => {}) }),
    });
    assertRefusal(answer, [408, 429]);
    assert.equal(log.length, 0);
    assert.doesNotMatch(answer.text, /not known/, "nothing was sent, and so it is known");
  });

  test("of another type is refused", async () => {
    const { fetch, log } = upstream();
    const ask = asking(await openGateway(fetch));
    for (const type of [
      ...["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
      ...[
        "application/jsonx",
        "text/json",
        "application/json-patch+json",
        "text/plain; application/json",
      ],
      ...["application/octet-stream", "*/*", ", application/json", "application/json, text/plain"],
    ]) {
      assertRefusal(await post(ask, { headers: { ...fromPage, "Content-Type": type } }), 415);
    }
    for (const type of [
      "application/json",
      "Application/JSON",
      "application/json; charset=utf-8",
    ]) {
      const headers = { ...fromPage, "Content-Type": type };
      assert.equal((await post(ask, { headers })).status, 200, type);
    }
    assert.equal(log.length, 3);
  });

  test("over a socket: too large, never ending, and one that only begins", async (t) => {
    const { fetch, log } = upstream();
    const gateway = await openGateway(fetch, { limits: { timeout: 500 } });
    const origin = await listen(t, gateway);
    const upload = (headers, write) =>
      new Promise((resolve) => {
        const options = {
          method: "POST",
          headers: { ...fromPage, "Content-Type": "application/json", ...headers },
        };
        const sent = httpRequest(`${origin}/anaplan${tasks}`, options, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on("error", () => resolve("reset"));
        t.after(() => sent.destroy());
        write(sent);
      });
    const flood = (sent) => {
      const timer = setInterval(() => sent.write(Buffer.alloc(10_000, 0x20)), 1);
      sent.on("close", () => clearInterval(timer));
      t.after(() => clearInterval(timer));
    };
    assert.equal(await upload({}, (sent) => sent.end(padded(20_000))), 413);
    assert.equal(await upload({ "Content-Length": 1e9 }, (sent) => sent.flushHeaders()), 413);
    assert.equal(await upload({}, flood), 413);
    const slow = await upload({}, (sent) => sent.write("{"));
    assert.ok([408, 429].includes(slow), `${slow}`);
    assert.equal(log.length, 0);
  });
});

describe("requests under way", () => {
  const groups = [
    ["one IPv4 address", ["192.0.2.1"], ["192.0.2.2", "192.0.2.3"]],
    [
      "one IPv4 address, written in two ways",
      ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201"],
      ["::ffff:192.0.2.2"],
    ],
    [
      "one half of IPv6",
      ["2001:db8:1:2::1", "2001:db8:1:2:ffff::", "2001:DB8:1:2:0:0:0:9"],
      ["2001:db8:1:3::1", "2001:db8::1"],
    ],
    ["a name of the server's", ["unix:1"], ["unix:2"]],
  ];
  for (const [what, same, others] of groups) {
    test(`are counted for ${what}`, async () => {
      const { fetch, release } = held();
      const gateway = await openGateway(fetch, { limits: { requestsPerClient: 3 } });
      const from = (address) => gateway(request(taskPath()), { address });
      const open = [0, 1, 2].map((i) => from(same[i % same.length]));
      for (const address of same) {
        const refused = await read(await from(address));
        assertRefusal(refused, 429);
        assert.equal(refused.headers.get("retry-after"), "1");
      }
      open.push(...others.map(from), from(undefined), gateway(request(taskPath())));
      await sleep(5);
      release();
      for (const answer of open) assert.equal((await answer).status, 200);
      // And those that were answered count no more.
      assert.equal((await from(same[0])).status, 200);
    });
  }

  test("behind an address with a port are those of the address", async () => {
    const { fetch, release } = held();
    const limits = { requestsPerClient: 1, timeout: 200 };
    const gateway = await openGateway(fetch, { limits });
    const open = [];
    for (const [one, other] of [
      ["192.0.2.7:1111", "192.0.2.7:2222"],
      ["[2001:db8::7]:1111", "[2001:db8::7]:2222"],
    ]) {
      open.push(gateway(request(taskPath()), { address: one }));
      assertRefusal(await read(await gateway(request(taskPath()), { address: other })), 429);
    }
    release();
  });

  test("are counted in all", async () => {
    const { fetch, release } = held();
    const gateway = await openGateway(fetch, { limits: { requests: 5 } });
    const open = [1, 2, 3, 4, 5].map((i) =>
      gateway(request(taskPath()), { address: `192.0.2.${i}` }),
    );
    const refused = await read(await gateway(request(taskPath())));
    assertRefusal(refused, 429);
    assert.equal(refused.headers.get("retry-after"), "1");
    await sleep(5);
    release();
    for (const answer of open) assert.equal((await answer).status, 200);
    assert.equal((await gateway(request(taskPath()))).status, 200);
  });

  test("count until they are answered, however that ends", async () => {
    const { fetch } = upstream(() => new Promise(() => {}));
    const authorize = (request) => (request.url.includes("throw") ? Promise.reject(1) : true);
    const gateway = await openGateway(fetch, {
      authorize,
      limits: { requests: 1, timeout: 1_000 },
    });
    const ask = asking(gateway, { address: "192.0.2.1" });
    for (let i = 0; i < 5; i++) {
      assert.equal((await ask(taskPath())).status, 504);
      assert.equal((await ask(taskPath("throw"))).status, 500);
      assertRefusal(await ask("/users/me"), 404);
      assertRefusal(await ask(tasks, { method: "POST", body: "x" }), 400);
    }
  });

  test("whatever the second argument is, the first is answered", async () => {
    const { fetch } = upstream();
    const gateway = await openGateway(fetch);
    // Frameworks hand in a context of their own.
    for (const connection of [
      ...[undefined, null, {}, 7, "192.0.2.1", { address: null }, { address: 42 }, { address: {} }],
      ...[{ address: ["192.0.2.1"] }, { params: Promise.resolve({}) }, { address: "" }],
      ...[
        { address: "x".repeat(100_000) },
        { address: "\ud800\u0000\r\n" },
        { address: () => "x" },
      ],
    ]) {
      const { status, text } = await read(await gateway(request(taskPath()), connection));
      assert.equal(status, 200, text);
    }
  });
});

describe("an answer takes no longer than its limit", () => {
  test("whoever is late: Anaplan, its turn, the token, the host application", async () => {
    const never = () => new Promise(() => {});
    for (const [answer, options] of [
      [never, {}],
      [anaplan, { auth: never }],
      [anaplan, { authorize: never }],
      [() => ({ ...new Response(""), status: 200, headers: new Headers(), text: never }), {}],
    ]) {
      const { fetch } = upstream(answer);
      // What goes on without anybody must end, too.
      const patience = { requestTimeout: 100, limits: { timeout: 30 } };
      const ask = asking(await openGateway(fetch, { ...options, ...patience }));
      const began = performance.now();
      for (const [method, path] of [
        ["GET", taskPath()],
        ["DELETE", taskPath()],
        ["POST", tasks],
      ]) {
        const answered = await ask(path, { method });
        // Of a start that has not left, it is known.
        const isKnown = method === "POST" && (options.authorize || options.auth);
        assert.equal(answered.status, isKnown ? 429 : 504, answered.text);
        assert.equal(answered.json.status.code, answered.status);
        assertSafe(answered);
      }
      // Three in turn; without a limit none would end.
      assert.ok(performance.now() - began < 20_000);
    }
  });

  test("who waits for a turn is told, and sends nothing later", async () => {
    const { fetch, log } = upstream();
    // One at once, and one more each minute.
    const gateway = await openGateway(fetch, { requestsPerMinute: 1, limits: { timeout: 2_000 } });
    const ask = asking(gateway);
    const answers = await Promise.all(["A", "B", "C"].map((id) => ask(taskPath(id))));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 504, 504]);
    assert.equal(log.length, 1);
  });
});

describe("close()", () => {
  test("finishes what is under way, and takes no more", async () => {
    const { fetch, log, release } = held();
    const gateway = await openGateway(fetch);
    const ask = asking(gateway);
    const open = [
      ask(taskPath("T2")),
      ask(tasks, { method: "POST" }),
      ask(taskPath(), { method: "DELETE" }),
    ];
    await sleep(20);
    let isClosed = false;
    const closed = gateway.close().then(() => (isClosed = true));
    await sleep(20);
    assert.equal(isClosed, false);
    for (const [method, path] of [
      ["GET", taskPath()],
      ["POST", tasks],
      ["GET", "/users/me"],
      ["OPTIONS", taskPath()],
    ]) {
      const refused = await ask(path, { method });
      assert.equal(refused.status, 503);
      assert.equal(refused.json.status.code, 503);
      assert.ok(Number(refused.headers.get("retry-after")) >= 1);
      assertSafe(refused);
    }
    assert.equal(isClosed, false);
    release();
    assert.deepEqual(
      (await Promise.all(open)).map(({ status }) => status),
      [200, 200, 200],
    );
    await closed;
    assert.equal(log.length, 3);
    await Promise.all([gateway.close(), gateway.close()]);
    assert.equal((await ask(taskPath())).status, 503);
  });

  test("ends at once where nothing is under way, and ends the session that it began", async () => {
    const sessions = [];
    const { fetch: toApi, log } = upstream();
    const fetch = (url, init) => {
      if (!String(url).startsWith("https://auth.anaplan.com")) return toApi(url, init);
      sessions.push(String(url));
      const tokenInfo = { tokenValue: token, expiresAt: Date.now() + 1e6 };
      return Promise.resolve(Response.json({ tokenInfo }, { status: 201 }));
    };
    const auth = { basic: { user: "planner", password: "pass-word" }, logout: true };
    const gateway = await openGateway(fetch, { auth });
    await asking(gateway)(taskPath());
    assert.equal(log[0].headers.authorization, `AnaplanAuthToken ${token}`);
    await gateway.close();
    await sleep(10);
    assert.deepEqual(
      sessions.map((url) => url.split("/").at(-1)),
      ["authenticate", "logout"],
    );
  });

  test("waits for the last byte of a file", async () => {
    let controller;
    const body = new ReadableStream({ start: (given) => (controller = given) });
    const { fetch } = upstream(() => new Response(body));
    const gateway = await openGateway(fetch);
    const response = await gateway(request(`${inModel}/files/${exportId}/chunks/0`));
    controller.enqueue(new Uint8Array([1, 2]));
    let isClosed = false;
    const closed = gateway.close().then(() => (isClosed = true));
    controller.enqueue(new Uint8Array([3]));
    const reader = response.body.getReader();
    assert.deepEqual([...(await reader.read()).value], [1, 2]);
    assert.deepEqual([...(await reader.read()).value], [3]);
    await sleep(10);
    assert.equal(isClosed, false);
    controller.close();
    assert.equal((await reader.read()).done, true);
    await closed;
  });
});

describe("what is told", () => {
  test("of each request once, without a query string and without a secret", async () => {
    const events = [];
    const { fetch } = upstream(({ path }) =>
      path.endsWith("LOST") ? new Response("", { status: 404 }) : anaplan({ method: "GET", path }),
    );
    const hosts = ["gate.example"];
    const gateway = await openGateway(fetch, { onEvent: (event) => events.push(event), hosts });
    const secret = "session-of-a-user";
    const headers = { ...fromPage, Cookie: secret, Authorization: `Bearer ${secret}` };
    const calls = [
      ["GET", taskPath(), 200, taskPath(), "status"],
      ["GET", `${taskPath()}?${secret}`, 200, taskPath(), "status"],
      ["GET", `${tasks}?limit=3&x=${secret}`, 200, tasks, "tasks"],
      ["DELETE", taskPath("LOST"), 404, taskPath("LOST"), "cancel"],
      ["POST", tasks, 400, tasks, "start", `{"${secret}":1}`],
      [
        "GET",
        taskPath("T1", `${inModel}/exports/9`),
        403,
        taskPath("T1", `${inModel}/exports/9`),
        "status",
      ],
      ["GET", `/users/me?${secret}`, 404],
      ["GET", `/${secret}/x`, 404],
      ["PUT", taskPath(), 405],
      ["HEAD", taskPath(), 405],
      ["PROPFIND", taskPath(), 405],
      ["GET", `/${"x".repeat(3_000)}`, 414],
      [
        "GET",
        `${inModel}/files/${exportId}/chunks/0`,
        200,
        `${inModel}/files/${exportId}/chunks/0`,
        "download",
      ],
    ];
    for (const [method, path, status, known, operation, body] of calls) {
      const address = "192.0.2.1";
      const response = await gateway(request(path, { method, headers, body }), { address });
      assert.equal(response.status, status);
      await response.text();
      const served = events.filter(({ type }) => type === "served");
      assert.equal(served.length, 1);
      const [{ duration, ...event }] = served;
      assert.ok(duration >= 0 && duration < 5_000);
      assert.deepEqual(event, {
        type: "served",
        method: method === "PROPFIND" ? "other" : method,
        ...(known && { path: known, operation }),
        status,
        address,
      });
      const text = JSON.stringify(events.splice(0));
      assertNoSecret(text);
      assert.ok(!text.includes(secret), text);
      assert.doesNotMatch(text, /\?/);
    }
    await gateway(request(taskPath(), { origin: "https://evil.example" }));
    assert.equal(events.find(({ type }) => type === "served").status, 421);
    await gateway.close();
    await gateway(request(taskPath()));
    assert.equal(events.at(-1).status, 503);
  });

  test("what a listener throws changes nothing", async () => {
    const { fetch } = upstream();
    for (const onEvent of [
      () => {
        throw new Error("x");
      },
      () => Promise.reject(new Error("x")),
    ]) {
      const ask = asking(await openGateway(fetch, { onEvent }));
      assert.equal((await ask(taskPath(Math.random().toString(36).slice(2)))).status, 200);
      assertRefusal(await ask("/users/me"), 404);
    }
  });
});

test("what one may see of the gateway's health is that it is well", async () => {
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch, { authorize: () => false });
  for (const path of ["/anaplan/healthz", "/healthz"]) {
    const { status, json, headers } = await read(await gateway(new Request(own + path)));
    assert.deepEqual([status, json], [200, { status: "ok" }]);
    assertSafe({ headers });
    assertRefusal(await read(await gateway(new Request(own + path, { method: "POST" }))), 405);
  }
  assert.equal(log.length, 0);
});

/** It grants a claim and holds none, as a copy that lags behind does; it counts what it is asked. */
function forgetfulStore() {
  let calls = 0;
  // It gives up where a test would not end.
  const counted = async (given) => (++calls > 1_000 ? Promise.reject(new Error("no")) : given);
  return {
    calls: () => calls,
    get: () => counted(undefined),
    set: () => counted(true),
    delete: () => counted(undefined),
    take: () => counted(0),
  };
}

test("a store that forgets what it is told is not asked without a pause", async () => {
  const { fetch } = upstream();
  const store = forgetfulStore();
  const gateway = await openGateway(fetch, { store, limits: { timeout: 1_000 } });
  await (await gateway(request(taskPath()))).text();
  assert.ok(store.calls() < 200, `${store.calls()} calls in a second`);
});

test("a store that forgets what it is told keeps nobody from an answer", async () => {
  const { fetch } = upstream();
  const store = forgetfulStore();
  const gateway = await openGateway(fetch, { store, limits: { timeout: 3_000 } });
  const { status, text } = await read(await gateway(request(taskPath())));
  assert.equal(status, 200, text);
});

/** A store that others may have written to. */
function store(values) {
  const kept = memoryStore();
  return {
    ...kept,
    get: async (key) => {
      const value = Object.entries(values).find(([name]) => key.startsWith(name))?.[1];
      return value === undefined ? kept.get(key) : { value, ttl: 1_000 };
    },
  };
}

for (const value of [
  ...["204 0\n{}", "205 0\nx", "304 1\nx", "200 0\n", "302 0\n{}", "101 0\nx", "999 0\nx", "200 0"],
  ...[
    "",
    "\n",
    "x",
    "200 x\n{}",
    "-1 0\n{}",
    "200 0\n<html>",
    "\ud800 \n",
    "65736 0\n{}",
    "299 0\nx",
  ],
]) {
  test(`whatever is in the store (${JSON.stringify(value)}), there is an answer, and no fault`, async () => {
    const { fetch } = upstream();
    const gateway = await openGateway(fetch, { store: store({ "answer:": value }) });
    const { status, text, headers } = await read(await gateway(request(taskPath())));
    assert.doesNotMatch(text, /fault of the gateway/);
    assert.ok(status === 200 || status >= 400, `${status}`);
    assertSafe({ headers, text });
  });
}
