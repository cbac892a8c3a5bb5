// Whose pages may ask: the table of what browsers say, and what a browser really does.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { launchBrowser, openPage } from "../support/browser.mjs";
import {
  allow,
  anaplan,
  asking,
  assertRefusal,
  assertSafe,
  exportId,
  inExport,
  inModel,
  listen,
  openGateway,
  read,
  request,
  taskPath,
  upstream,
} from "../support/gateway.mjs";
import { serve } from "../support/server.mjs";

const named = "https://planning.example";
/** The gateway as it sees itself, behind a proxy that ends TLS. */
const here = "http://gate.example";

const sites = [undefined, "same-origin", "same-site", "cross-site", "none", "", "SAME-ORIGIN", "x"];
const origins = {
  absent: undefined,
  own: here,
  "own behind TLS": "https://gate.example",
  "own at another port": "https://gate.example:8443",
  "a part of the own": "https://evil-gate.example",
  "a host that begins like it": "https://gate.example.evil.example",
  foreign: "https://evil.example",
  named,
  "the named one by http": "http://planning.example",
  "the named one at a port": "https://planning.example:8443",
  "below the named one": "https://x.planning.example",
  opaque: "null",
  empty: "",
  "two of them": `${named}, https://evil.example`,
};
const calls = [
  ["GET", taskPath()],
  ["GET", `${inExport}/tasks`],
  ["GET", `${inModel}/files/${exportId}/chunks/0`],
  ["POST", `${inExport}/tasks`],
  ["DELETE", taskPath()],
];

/**
 * By the issue: a page of the own origin may, one of an origin that was named may; others may not.
 * Where a browser says nothing, it is none, or one whose Origin says so.
 */
function mayAsk(site, origin, changes) {
  if (origin === named) return true;
  if (site === "same-origin") return true;
  if (site === "none") return origin === undefined && !changes;
  if (site !== undefined) return false;
  if (origin === undefined) return !changes;
  return origin === here || origin === "https://gate.example";
}

for (const site of sites) {
  test(`Sec-Fetch-Site: ${site ?? "absent"}, with every Origin, for every method`, async () => {
    for (const [name, origin] of Object.entries(origins)) {
      for (const [method, path] of calls) {
        const { fetch, log } = upstream();
        const ask = asking(await openGateway(fetch, { origins: [named] }));
        const headers = {};
        if (site !== undefined) headers["Sec-Fetch-Site"] = site;
        if (origin !== undefined) headers.Origin = origin;
        const answer = await ask(path, { method, headers, origin: here });
        const may = mayAsk(site, origin, method !== "GET");
        const what = `${method}, Origin ${name}: ${answer.status}`;
        assert.equal(log.length, may ? 1 : 0, what);
        if (may) assert.equal(answer.status, 200, what);
        else assertRefusal(answer, 403);
        assertSafe(answer);
        const { headers: got } = answer;
        const allowed = may && origin === named;
        assert.equal(got.get("access-control-allow-origin"), allowed ? named : null, what);
        assert.equal(got.get("access-control-allow-credentials"), allowed ? "true" : null, what);
        assert.match(got.get("vary"), /Sec-Fetch-Site/);
      }
    }
  });
}

test("programs, which say nothing of where they come from, may change something where they are let", async () => {
  for (const [programs, may] of [
    [true, true],
    [false, false],
    [undefined, false],
  ]) {
    for (const [method, path] of calls) {
      const { fetch, log } = upstream();
      const ask = asking(await openGateway(fetch, { programs }));
      const answer = await ask(path, { method, headers: {} });
      assert.equal(answer.status, may || method === "GET" ? 200 : 403);
      // Browsers do say it, and are no programs.
      for (const headers of [
        { "Sec-Fetch-Site": "cross-site" },
        { "Sec-Fetch-Site": "same-site" },
        { Origin: "https://evil.example" },
        { Origin: "null" },
      ]) {
        assertRefusal(await ask(path, { method, headers }), 403);
      }
      assert.ok(log.length <= 1);
    }
  }
});

test("what is known is told to nobody who may not ask for it", async () => {
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch, { hosts: ["gate.example"], origins: [named] });
  const ask = asking(gateway);
  for (const path of [taskPath(), `${inExport}/tasks`, `${inModel}/exports`, inExport]) {
    const known = await ask(path);
    assert.equal(known.status, 200);
    const again = await ask(path);
    assert.deepEqual([again.text, [...again.headers]], [known.text, [...known.headers]]);
    const named_ = await ask(path, { headers: { Origin: named } });
    assert.equal(named_.headers.get("access-control-allow-origin"), named);
    for (const [status, init] of [
      [403, { headers: { "Sec-Fetch-Site": "cross-site" } }],
      [403, { headers: { "Sec-Fetch-Site": "same-site" } }],
      [403, { headers: { "Sec-Fetch-Site": "none", Origin: "https://evil.example" } }],
      [403, { headers: { Origin: "https://evil.example" } }],
      [403, { headers: { Origin: "" } }],
      [421, { origin: "https://evil.example" }],
      [405, { method: "HEAD" }],
      [405, { method: "PUT" }],
    ]) {
      assertRefusal(await ask(path, init), status);
    }
    assertRefusal(await ask(`${path}/`), 404);
    assertRefusal(await ask(`/${path}`), 404);
  }
  const count = log.length;
  await gateway.close();
  assert.equal((await ask(taskPath())).status, 503);
  assert.equal(log.length, count);
});

test("an origin of http is not that of https", async () => {
  const { fetch, log } = upstream();
  const ask = asking(await openGateway(fetch));
  for (const Origin of ["http://gate.example", "http://gate.example:443"]) {
    assertRefusal(await ask(taskPath(), { method: "DELETE", headers: { Origin } }), 403);
  }
  assert.equal(log.length, 0);
});

test("without named origins there are none", async () => {
  const { fetch, log } = upstream();
  for (const options of [{}, { origins: [] }, { origins: ["https://other.example"] }]) {
    const ask = asking(await openGateway(fetch, options));
    assertRefusal(await ask(taskPath(), { headers: { Origin: named } }), 403);
    const asks = { Origin: named, "Access-Control-Request-Method": "GET" };
    assertRefusal(await ask(taskPath(), { method: "OPTIONS", headers: asks }), 403);
  }
  assert.equal(log.length, 0);
});

describe("a browser's question before a page's", () => {
  const preflight = async (path, headers, options) => {
    const { fetch, log } = upstream();
    const gateway = await openGateway(fetch, { origins: [named], ...options });
    const answer = await asking(gateway)(path, { method: "OPTIONS", headers });
    assert.equal(log.length, 0);
    assertSafe(answer);
    return answer;
  };
  const wants = (method, Origin = named) => ({
    Origin,
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": "content-type",
    "Sec-Fetch-Site": "cross-site",
  });

  for (const [method, path] of calls) {
    test(`is answered for a named origin: ${method} ${path}`, async () => {
      const authorize = () => assert.fail("a question has no session");
      const { status, headers, text } = await preflight(path, wants(method), { authorize });
      assert.deepEqual([status, text], [204, ""]);
      assert.equal(headers.get("access-control-allow-origin"), named);
      assert.equal(headers.get("access-control-allow-credentials"), "true");
      assert.match(headers.get("access-control-allow-methods"), new RegExp(`\\b${method}\\b`));
      assert.equal(
        headers.get("access-control-allow-headers"),
        "authorization, content-type, idempotency-key",
      );
    });
  }

  test("is refused for others, for what is not allowed and for what does not exist", async () => {
    for (const Origin of Object.values(origins)) {
      if (Origin === named) continue;
      const asks = { ...wants("DELETE"), ...(Origin !== undefined && { Origin }) };
      if (Origin === undefined) delete asks.Origin;
      const answer = await preflight(taskPath(), asks);
      assertRefusal(answer, 403);
      assert.equal(answer.headers.get("access-control-allow-origin"), null, Origin);
    }
    const elsewhere = taskPath("T1", `${inModel}/exports/1`);
    for (const [path, asks, status] of [
      [elsewhere, wants("GET"), 403],
      [taskPath(), wants("PUT"), 405],
      [taskPath(), wants("POST"), 405],
      [taskPath(), wants("get"), 405],
      [taskPath(), wants("*"), 405],
      ["/users/me", wants("GET"), 404],
      ["", wants("GET"), 404],
      [taskPath(), { Origin: named }, 405],
    ]) {
      const answer = await preflight(path, asks);
      assertRefusal(answer, status);
      assert.equal(answer.headers.get("access-control-allow-methods"), null);
    }
    const only = { allow: { ...allow, operations: ["status"] } };
    assertRefusal(await preflight(taskPath(), wants("DELETE"), only), 403);
    assert.equal((await preflight(taskPath(), wants("GET"), only)).status, 204);
  });
});

test("every answer says that nobody may keep, guess or frame it", async () => {
  const faults = [
    ["GET", taskPath(), {}],
    ["GET", "/users/me", {}],
    ["PUT", taskPath(), {}],
    ["GET", `${inExport}/tasks?limit=x`, {}],
    ["GET", `/${"x".repeat(3_000)}`, {}],
    ["POST", `${inExport}/tasks`, { body: "x".repeat(20_000) }],
    [
      "POST",
      `${inExport}/tasks`,
      { headers: { "Content-Type": "text/plain", "Sec-Fetch-Site": "same-origin" } },
    ],
    ["GET", taskPath("T1", `${inModel}/exports/9`), {}],
  ];
  const upstreams = [
    anaplan,
    () => new Response("<html>", { status: 503 }),
    () => new Response("", { status: 401 }),
    () => new Response("", { status: 429, headers: { "Retry-After": "3" } }),
    () => Promise.reject(new TypeError("fetch failed")),
    () => new Response("{}", { headers: { "Cache-Control": "public, max-age=9", Vary: "X" } }),
  ];
  for (const answer of upstreams) {
    const { fetch } = upstream(answer);
    const ask = asking(await openGateway(fetch));
    for (const [method, path, init] of faults) {
      const answered = await ask(path, { method, ...init });
      assertSafe(answered);
      const csp = answered.headers.get("content-security-policy");
      assert.match(csp, /default-src 'none'; frame-ancestors 'none'/);
      assert.equal(answered.headers.get("cross-origin-resource-policy"), "same-origin");
    }
    const gateway = await openGateway(fetch, { limits: { timeout: 0 } });
    assertSafe(await read(await gateway(request(taskPath()))));
    await gateway.close();
    assertSafe(await read(await gateway(request(taskPath()))));
  }
});

test("a page of a named origin can read what it is refused, and wait as long as it is told", async () => {
  const headers = { Origin: named, "Sec-Fetch-Site": "cross-site" };
  const readable = ({ headers, status }) => {
    assert.equal(headers.get("access-control-allow-origin"), named, `${status}`);
    assert.match(headers.get("access-control-expose-headers"), /retry-after/i);
  };
  const { fetch } = upstream(() => new Promise(() => {}));
  const options = { origins: [named], limits: { requests: 1 }, hosts: ["gate.example"] };
  const gateway = await openGateway(fetch, options);
  const ask = asking(gateway);
  readable(await ask("/users/me", { headers }));
  readable(await ask(taskPath(), { method: "PUT", headers }));
  readable(await ask(taskPath("T1", `${inModel}/exports/1`), { headers }));
  readable(await ask(`${inExport}/tasks?limit=x`, { headers }));
  const first = gateway(request(taskPath(), { headers }));
  const crowded = await ask(taskPath(), { headers });
  assert.equal(crowded.status, 429);
  readable(crowded);
  first.catch(() => {});
  const stopped = await openGateway(fetch, options);
  await stopped.close();
  readable(await asking(stopped)(taskPath(), { headers }));
});

test("hosts that are not named are refused, before anything else (DNS rebinding)", async () => {
  const { fetch, log } = upstream();
  const hosts = ["gate.example", "localhost:8080"];
  const authorize = () => assert.fail("it was asked");
  const ask = asking(await openGateway(fetch, { hosts, authorize, origins: [named] }));
  for (const origin of [
    ...["http://evil.example", "http://gate.example.evil.example", "http://gate.example:81"],
    ...["http://localhost", "http://localhost:8081", "http://127.0.0.1:8080", "http://[::1]:8080"],
    ...["http://gate.example."],
  ]) {
    for (const [method, path] of calls) {
      assertRefusal(await ask(path, { method, origin }), 421);
      // A page that was rebound believes that it is at home.
      const headers = { "Sec-Fetch-Site": "same-origin", Origin: origin };
      assertRefusal(await ask(path, { method, origin, headers }), 421);
    }
    const headers = { Origin: named, "Access-Control-Request-Method": "GET" };
    assertRefusal(await ask(taskPath(), { method: "OPTIONS", origin, headers }), 421);
  }
  assert.equal(log.length, 0);

  const open = asking(await openGateway(fetch, { hosts: ["Gate.Example", "localhost:8080"] }));
  for (const origin of ["https://gate.example", "http://GATE.example", "http://localhost:8080"]) {
    assert.equal((await open(taskPath(), { origin })).status, 200, origin);
  }
});

describe("in Chromium", () => {
  let browser;
  after(async () => (await browser)?.close());

  /** A gateway at one port, a page at it and a page at another. */
  async function scene(t, { named } = {}) {
    const { fetch, log } = upstream();
    const blank = (path) =>
      path === "/blank" &&
      new Response("<!doctype html><meta charset=utf-8>", {
        headers: { "Content-Type": "text/html" },
      });
    const other = await serve(t, (_, response) =>
      response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>"),
    );
    const origins = named && { origins: [other.replace("127.0.0.1", named)] };
    const gateway = await openGateway(fetch, { ...origins });
    const pages = ({ url }) => blank(new URL(url).pathname) || undefined;
    const origin = await listen(t, gateway, { pages });
    const { page } = await openPage(t, await (browser ??= launchBrowser()));
    return { origin, other, log, page };
  }

  /** What becomes of each call in the page: a status, or that there is no answer to be read. */
  const tries = async ({ base, calls }) => {
    const results = {};
    for (const [name, path, init] of calls) {
      try {
        const response = await fetch(base + path, init);
        results[name] = response.type === "opaque" ? "opaque" : response.status;
        if (response.type !== "opaque")
          results[`${name}, read`] = (await response.text()).length > 0;
      } catch {
        results[name] = "nothing";
      }
    }
    return results;
  };
  const json = { "Content-Type": "application/json" };
  const keyed = { ...json, "Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"' };
  const body = '{"localeName":"en_US"}';
  const all = [
    ["status", taskPath(), {}],
    ["status with a session", taskPath("T2"), { credentials: "include" }],
    ["start", `${inExport}/tasks`, { method: "POST", headers: json, body }],
    ["start by a key", `${inExport}/tasks`, { method: "POST", headers: keyed, body }],
    ["start, simple", `${inExport}/tasks`, { method: "POST", body }],
    ["cancel", taskPath(), { method: "DELETE" }],
  ];
  const blind = [
    ["status, blind", taskPath(), { mode: "no-cors" }],
    ["start, blind", `${inExport}/tasks`, { method: "POST", mode: "no-cors", body }],
    [
      "start, blind, with a session",
      `${inExport}/tasks`,
      { method: "POST", mode: "no-cors", body, credentials: "include" },
    ],
  ];

  for (const site of ["another port", "another site"]) {
    test(`a page of a foreign origin (${site}) can neither read nor start nor cancel`, (t) =>
      foreign(t, site));
  }

  async function foreign(t, site) {
    const { origin, other: port, log, page } = await scene(t);
    const other = site === "another site" ? port.replace("127.0.0.1", "localhost") : port;
    await page.goto(other);
    const results = await page.evaluate(tries, {
      base: `${origin}/anaplan`,
      calls: [...all, ...blind],
    });
    for (const [name, result] of Object.entries(results)) {
      assert.ok(["nothing", "opaque"].includes(result), `${name}: ${result}`);
    }
    // What no script is needed for.
    const form = async (method, enctype) => {
      await page.goto(other);
      await page.evaluate(
        ([action, method, enctype]) => {
          const form = Object.assign(document.createElement("form"), { action, method, enctype });
          const field = Object.assign(document.createElement("input"), {
            name: '{"localeName":"en_US","x":"',
            value: '"}',
          });
          form.append(field);
          document.body.append(form);
          form.submit();
        },
        [`${origin}/anaplan${inExport}/tasks`, method, enctype],
      );
      await page.waitForURL(`${origin}/**`);
      assert.match(await page.content(), /origin/);
    };
    await form("post", "text/plain");
    await form("post", "application/x-www-form-urlencoded");
    await form("post", "multipart/form-data");
    await page.goto(other);
    await page.evaluate(async (src) => {
      const image = new Image();
      const script = Object.assign(document.createElement("script"), { src });
      const frame = Object.assign(document.createElement("iframe"), { src });
      image.src = src;
      document.body.append(image, script, frame);
      navigator.sendBeacon(src.replace(/\/tasks\/.*/, "/tasks"), '{"localeName":"en_US"}');
      await new Promise((resolve) => (frame.onload = resolve));
    }, `${origin}/anaplan${taskPath()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(
      log.map(({ method, path }) => `${method} ${path}`),
      [],
    );
  }

  test("a page of a named origin can", async (t) => {
    const { origin, other, log, page } = await scene(t, { named: "localhost" });
    await page.goto(other.replace("127.0.0.1", "localhost"));
    const results = await page.evaluate(tries, { base: `${origin}/anaplan`, calls: all });
    assert.deepEqual(results, {
      status: 200,
      "status, read": true,
      "status with a session": 200,
      "status with a session, read": true,
      start: 200,
      "start, read": true,
      "start by a key": 200,
      "start by a key, read": true,
      "start, simple": 415,
      "start, simple, read": true,
      cancel: 200,
      "cancel, read": true,
    });
    assert.equal(log.length, 5);
  });

  test("a page of the own origin can, behind whatever policy of referrers", async (t) => {
    const { origin, log, page } = await scene(t);
    await page.goto(`${origin}/blank`);
    const secret = all.map(([name, path, init]) => [
      `${name}, unsaid`,
      path,
      { ...init, referrerPolicy: "no-referrer" },
    ]);
    const results = await page.evaluate(tries, { base: "/anaplan", calls: [...all, ...secret] });
    for (const [name, result] of Object.entries(results)) {
      const expected = name.endsWith("read") ? true : name.startsWith("start, simple") ? 415 : 200;
      assert.equal(result, expected, name);
    }
    // The two by one key are one.
    assert.equal(log.filter(({ method }) => method === "POST").length, 3);
    assert.equal(log.filter(({ method }) => method === "DELETE").length, 2);
  });

  test("a frame without an origin of its own can not, wherever it comes from", async (t) => {
    const { origin, log, page } = await scene(t);
    await page.goto(`${origin}/blank`);
    const results = await page.evaluate(
      async ([tries, given]) => {
        const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "allow-scripts");
        frame.srcdoc = `<script>(${tries})(${given}).then((r) => parent.postMessage(r, "*"))</script>`;
        const told = new Promise((resolve) => (onmessage = ({ data }) => resolve(data)));
        document.body.append(frame);
        return told;
      },
      [String(tries), JSON.stringify({ base: `${origin}/anaplan`, calls: [...all, ...blind] })],
    );
    for (const [name, result] of Object.entries(results)) {
      assert.ok(["nothing", "opaque"].includes(result), `${name}: ${result}`);
    }
    assert.equal(log.length, 0);
  });

  test("who types the address may look, and changes nothing", async (t) => {
    const { origin, log, page } = await scene(t);
    const response = await page.goto(`${origin}/anaplan${taskPath()}`);
    assert.equal(response.status(), 200);
    assert.deepEqual(
      log.map(({ method }) => method),
      ["GET"],
    );
  });
});
