// Nothing that is asked, and nothing that Anaplan answers, is a fault of the gateway.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  anaplan,
  assertSafe,
  exportId,
  inExport,
  inModel,
  openGateway,
  own,
  random,
  read,
  request,
  taskPath,
  token,
  upstream,
} from "../support/gateway.mjs";

const all = { workspaces: "*", models: "*", actions: "*", operations: "*" };

/** A gateway of which a fault shows: what broke is replaced in silence else. */
async function open(answer, options) {
  const { fetch, log } = upstream(answer);
  const limits = { timeout: 500 };
  const gateway = await openGateway(fetch, { allow: all, limits, ...options });
  const ask = async (request, connection) => {
    const answer = await read(await gateway(request, connection));
    assert.doesNotMatch(answer.text, /fault of the gateway/i, describe(request));
    // The bytes of a file are nobody's to look at.
    const isFile = answer.headers.get("content-type") === "application/octet-stream";
    assertSafe(isFile ? { headers: answer.headers } : answer);
    assert.ok(answer.status >= 200 && answer.status < 600);
    assert.ok(answer.status !== 204 || answer.text === "");
    return answer;
  };
  return { ask, log };
}

const describe = (request) => {
  try {
    return `${request.method} ${request.url}`.slice(0, 500);
  } catch {
    return "what throws";
  }
};

/** Several at a time: after a cancel, a status waits for five seconds to pass. */
async function inTurns(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: 50 }, worker));
}

/** Random parts of a kind. */
function dice(seed) {
  const chance = random(seed);
  const upTo = (n) => Math.floor(chance() * n);
  const pick = (list) => list[upTo(list.length)];
  const text = (most = 20) => {
    const ranges = [
      () => 32 + upTo(95),
      () => upTo(32),
      () => 0x80 + upTo(0x780),
      () => 0xd800 + upTo(0x800),
      () => 0x1f300 + upTo(500),
      () => pick([0, 0xfeff, 0xfffd, 0xffff, 0x2028, 0x202e, 0x10ffff]),
    ];
    return Array.from({ length: upTo(most) }, () => String.fromCodePoint(pick(ranges)())).join("");
  };
  return { chance, upTo, pick, text };
}

test("20 000 random requests", async () => {
  const { chance, upTo, pick, text } = dice(11);
  const { ask, log } = await open(anaplan, { origins: ["https://planning.example"] });
  const parts = [
    ...["workspaces", "models", "exports", "imports", "processes", "actions", "files", "tasks"],
    ...[
      "dump",
      "dumps",
      "chunks",
      "0",
      "7",
      "999999",
      "1000000",
      exportId,
      "",
      "..",
      "%2f",
      "healthz",
    ],
  ];
  const methods = ["GET", "GET", "GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH", "X"];
  const header = () =>
    pick(["same-origin", "none", "cross-site", "https://planning.example", "null", "", own, "x"]);
  const query = () =>
    pick([
      ...[
        "",
        "?",
        "?limit=1",
        "?limit=&offset=",
        "?sort=-taskId&sort=%2B",
        "?&&==",
        "?limit=99999999999",
      ],
      () => `?${pick(["limit", "offset", "sort", text(4)])}=${text(12)}`,
    ]);
  const path = () => {
    const known = [taskPath(), `${inExport}/tasks`, inExport, `${inModel}/exports`];
    known.push(`${inModel}/files/${exportId}/chunks/1`, `${taskPath()}/dumps/1/chunks`);
    const made =
      chance() < 0.5
        ? pick(known)
        : `/${Array.from({ length: upTo(15) }, () => pick([...parts, text(8)])).join("/")}`;
    const segments = made.split("/");
    if (chance() < 0.4) segments.splice(upTo(segments.length), upTo(2), pick([...parts, text(10)]));
    return segments.join("/");
  };
  const body = () =>
    pick([
      ...['{"localeName":"en_US"}', "", "{", "null", '{"localeName":{}}', "[".repeat(2_000)],
      ...[
        new Uint8Array(upTo(50)).map(() => upTo(256)),
        text(60),
        JSON.stringify({ [text(5)]: text(5) }),
      ],
    ]);
  const counts = {};
  const one = async () => {
    const method = pick(methods);
    const questioned = query();
    const url =
      own +
      pick(["/anaplan", "/anaplan", "/anaplan", "", "/"]) +
      path() +
      (typeof questioned === "string" ? questioned : questioned());
    const names = ["Sec-Fetch-Site", "Origin", "Content-Type", "Access-Control-Request-Method"];
    const headers = new Headers();
    for (const name of names)
      if (chance() < 0.4)
        headers.set(
          name,
          name.endsWith("Type")
            ? "application/json"
            : name.endsWith("Method")
              ? pick(methods)
              : header(),
        );
    let asked;
    try {
      const content = method === "GET" || method === "HEAD" ? undefined : body();
      asked = new Request(url, { method, headers, body: content });
    } catch {
      asked = { method, url, headers };
    }
    // Now and then nothing that is a request at all.
    if (chance() < 0.05) {
      asked = pick([
        { method, url, headers: {} },
        { method, url: text(60), headers },
        { method: text(6), url, headers, body: {} },
        {
          url,
          method: "POST",
          headers: new Headers({
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/json",
          }),
          body: {
            getReader: () => ({
              read: async () => pick([undefined, {}, { value: 7 }, { done: true }]),
            }),
          },
        },
        {
          url,
          method: "POST",
          headers: new Headers({
            "Content-Type": "application/json",
            "Sec-Fetch-Site": "same-origin",
          }),
          body: { getReader: text },
        },
        text(10),
        upTo(5),
      ]);
    }
    const { status } = await ask(
      asked,
      pick([undefined, { address: text(50) }, { address: "::1" }]),
    );
    counts[status] = (counts[status] ?? 0) + 1;
  };
  await inTurns(20_000, one);
  for (const status of [200, 400, 403, 404, 405])
    assert.ok(counts[status] > 50, JSON.stringify(counts));
  assert.ok(log.length > 100);
});

test("5 000 random answers of Anaplan's", async () => {
  const { chance, upTo, pick, text } = dice(12);
  const names = [
    ...[
      "task",
      "tasks",
      "taskId",
      "taskState",
      "currentStep",
      "progress",
      "creationTime",
      "result",
    ],
    ...["successful", "objectId", "objectName", "failureDumpAvailable", "details", "nestedResults"],
    ...["localMessageText", "occurrences", "type", "values", "exports", "imports", "chunks", "id"],
    ...[
      "name",
      "meta",
      "paging",
      "totalSize",
      "currentPageSize",
      "offset",
      "status",
      "message",
      "code",
    ],
    ...["exportMetadata", "importMetadata", "processMetadata", "action", "actions", "__proto__"],
    ...["constructor", "toString", "", "tokenInfo", "tokenValue", "error"],
  ];
  const value = (depth) => {
    const leaf = [
      ...[
        null,
        true,
        false,
        0,
        1,
        -0,
        0.5,
        1e308,
        -1e-308,
        2 ** 53,
        1.7e18,
        "COMPLETE",
        "CANCELLED",
      ],
      ...["IN_PROGRESS", token, `x${token}y`, "true", "", text(), text(200), exportId],
    ];
    if (depth <= 0 || chance() < 0.35) return pick(leaf);
    if (chance() < 0.3) return Array.from({ length: upTo(5) }, () => value(depth - 1));
    return Object.fromEntries(
      Array.from({ length: upTo(6) }, () => [pick(names), value(depth - 1)]),
    );
  };
  const nested = (open, close, depth) => open.repeat(depth) + "1" + close.repeat(depth);
  const body = () =>
    pick([
      ...Array(12).fill(() => JSON.stringify(value(6))),
      () => JSON.stringify({ task: value(5) }),
      () => JSON.stringify({ task: { taskId: value(1), taskState: value(1), result: value(6) } }),
      () => JSON.stringify({ [pick(names)]: value(5), [pick(names)]: value(4) }),
      () => JSON.stringify({ task: value(4) }).slice(0, upTo(100)),
      () => `{"task":${nested('{"result":{"nestedResults":[', "]}}", pick([3, 70, 20_000]))}}`,
      () => nested('{"a":', "}", pick([10, 200, 100_000])),
      () => text(300),
      () => "",
      () => `{"tasks":[${'{"taskId":"x"},'.repeat(500)}{}]}`,
      () =>
        `{"task":{"taskId":"T","taskState":"X","progress":${pick(["1e999", "-0", "1.0", "NaN"])}}}`,
      () => `{"__proto__":{"task":{"taskId":"x"}},"task":{"__proto__":1,"taskId":"T"}}`,
    ])();
  const statuses = [
    200, 200, 200, 200, 200, 201, 204, 299, 300, 302, 304, 400, 401, 403, 404, 408, 409,
  ];
  statuses.push(410, 418, 422, 423, 424, 425, 500, 502, 503, 504, 511, 599);
  const answer = () => {
    const headers = new Headers();
    if (chance() < 0.2)
      headers.set("Retry-After", pick(["0", "x", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT"]));
    if (chance() < 0.2) headers.set("Date", pick(["x", "Wed, 21 Oct 2015 07:28:00 GMT"]));
    return pick([
      ...Array(12).fill(() => {
        const status = pick(statuses);
        const content = body();
        return { status, headers, text: async () => content, body: null };
      }),
      () => ({
        status: pick([NaN, -1, 1e9, "200", undefined, 0, 65_736]),
        headers,
        text: async () => body(),
      }),
      () => ({
        status: 200,
        headers: pick([null, {}, { get: () => 7 }]),
        text: async () => body(),
      }),
      () => ({ status: 200, headers, text: async () => pick([7, null, {}, Symbol("x")]) }),
      () => ({ status: 200, headers, text: () => pick([7, undefined, body()]) }),
      () => Promise.reject(pick([undefined, null, 7, text(30), new Error(token), Symbol("x"), {}])),
      () => new Response(body(), { status: 200 }),
    ])();
  };
  const { ask, log } = await open(answer, {
    auth: async () => token,
    // What is said of a pause would be all that there is to see.
    requestsPerMinute: 1e9,
  });
  const counts = {};
  const one = async (i) => {
    const at = `${inModel}/${pick(["exports", "imports", "processes", "actions"])}`;
    const [method, path] = pick([
      ["GET", `${at}/1/tasks/${i}`],
      ["GET", `${at}/1/tasks/${i}`],
      ["DELETE", `${at}/1/tasks/${i}`],
      ["POST", `${at}/1/tasks`],
      ["GET", `${at}/1/tasks?limit=${i}`],
      ["GET", `${at}?limit=${i}`],
      ["GET", `${at}/${i}`],
      ["GET", `${inModel}/files/${i}/chunks`],
      ["GET", `${inModel}/files/${i}/chunks/1`],
    ]);
    const { status, text } = await ask(request(path, { method }));
    counts[status] = (counts[status] ?? 0) + 1;
    if (status === 204) assert.equal(text, "");
    else if (status !== 200 || method !== "GET" || !path.endsWith("/1")) JSON.parse(text);
    assert.notEqual(status, 401);
  };
  await inTurns(5_000, one);
  for (const status of [200, 404, 500, 502]) assert.ok(counts[status] > 50, JSON.stringify(counts));
  assert.ok(log.length > 5_000, `${log.length}`);
});

test("a token source, an authorize and a store that give anything", async () => {
  const { pick, text, upTo } = dice(13);
  const anything = () =>
    pick([
      undefined,
      null,
      true,
      7,
      NaN,
      text(),
      {},
      [],
      { status: "x" },
      { token: 7 },
      Symbol("x"),
      () => {},
      { value: text(), ttl: pick([1, NaN, -1, "x"]) },
    ]);
  const given = () =>
    pick([
      () => anything(),
      () => Promise.resolve(anything()),
      () => Promise.reject(anything()),
      () => {
        throw anything();
      },
    ])();
  const one = async () => {
    const store = Object.fromEntries(
      ["get", "set", "delete", "increment", "take"].map((name) => [name, given]),
    );
    const options = pick([
      { auth: given },
      { authorize: given },
      { store },
      { onEvent: given },
      { auth: given, authorize: given, store, onEvent: given },
    ]);
    // One that is away is no matter: each gateway has its own.
    const { ask } = await open(anaplan, { ...options, limits: { timeout: 300 } });
    for (const method of ["GET", "DELETE", "POST"]) {
      const path = method === "POST" ? `${inExport}/tasks` : taskPath(`T${upTo(3)}`);
      await ask(request(path, { method }));
    }
  };
  await Promise.all(Array.from({ length: 300 }, one));
});
