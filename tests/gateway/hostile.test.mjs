// Whatever is asked for, only what the allow-list names arrives, and only as it is spelled there.
import assert from "node:assert/strict";
import { connect as dial } from "node:net";
import { test } from "node:test";
import {
  allow,
  api,
  assertNoSecret,
  assertRefusal,
  exportId,
  fromPage,
  inExport,
  inModel,
  listen,
  model,
  openGateway,
  own,
  random,
  read,
  taskPath,
  token,
  upstream,
} from "../support/gateway.mjs";

const { workspaceId: w, modelId: m } = model;
const long = "9".repeat(129);

/**
 * What one may find at Anaplan, by the issue rather than by the code: the list of allowed requests,
 * as an expression that knows one spelling of each.
 */
function canonical(method, path, query) {
  const action = `/workspaces/${w}/models/${m}/(exports|imports|processes|actions)`;
  const run = `${action}/${exportId}/tasks/[A-Za-z0-9_-]{1,128}`;
  const file = `(${run}/dump|${run}/dumps/[A-Za-z0-9_-]{1,128}|/workspaces/${w}/models/${m}/files/${exportId})/chunks`;
  const number = "(0|[1-9][0-9]{0,5})";
  const list = [action, `${action}/${exportId}/tasks`, file];
  const known = {
    GET: [...list, `${action}/${exportId}`, run, `${file}/${number}`],
    POST: [`${action}/${exportId}/tasks`],
    DELETE: [run],
  };
  const is = (form) => new RegExp(`^${form}$`).test(path);
  if (!known[method]?.some(is)) return false;
  if (query === "") return true;
  const parts =
    /^(limit=\d{1,9})?(&?offset=\d{1,9})?(&?sort=(-|%2B)(creationTime|taskId|taskState|progress))?$/;
  return method === "GET" && list.some(is) && parts.test(query) && !query.startsWith("&");
}

/** What reached Anaplan, each of it looked at. */
function assertCanonical(log) {
  for (const { method, url, path, query, headers, body } of log) {
    assert.ok(url.startsWith(`${api}/workspaces/`), url);
    assert.ok(canonical(method, path, query), `${method} ${url}`);
    const isFile = /\/chunks\/\d+$/.test(path);
    assert.deepEqual(headers, {
      accept: isFile ? "application/octet-stream" : "application/json",
      authorization: `AnaplanAuthToken ${token}`,
      ...(method === "POST" && { "content-type": "application/json" }),
    });
    if (method !== "POST") assert.equal(body, undefined);
    else assert.match(body, /^\{"localeName":"[A-Za-z0-9_-]{1,35}"\}$/);
  }
}

const status = taskPath();
const tasks = `${inExport}/tasks`;
/** Each is refused: `[what, target, method?]`, the target as it stands in the request's line. */
const refused = [
  ["another workspace", `/workspaces/ffff/models/${m}/exports/${exportId}/tasks/T1`],
  ["another model", `/workspaces/${w}/models/FFFF/exports/${exportId}/tasks/T1`],
  ["another export", `${inModel}/exports/116000000099/tasks/T1`],
  ["another export's tasks", `${inModel}/exports/116000000099/tasks`, "POST"],
  ["another export's file", `${inModel}/files/116000000099/chunks/0`],
  [
    "an export in the place of a model",
    `/workspaces/${w}/models/${exportId}/exports/${m}/tasks/T1`,
  ],
  ["a model in the place of a workspace", `/workspaces/${m}/models/${w}/exports/${exportId}`],
  ["a task in the place of an export", `${inModel}/exports/T1/tasks/${exportId}`],
  ["ids in another case", `${inModel.toUpperCase()}/exports/${exportId}/tasks/T1`],
  ["a workspace in another case", `/workspaces/${w.toUpperCase()}/models/${m}/exports`],
  ["a slash that is encoded", `${inModel}/exports%2f${exportId}/tasks/T1`],
  ["a slash in an id", `${inModel}/exports/${exportId}%2F..%2F116000000099/tasks/T1`],
  ["dots that are encoded", `${inModel}/exports/${exportId}/%2e%2e/116000000099/tasks/T1`],
  ["dots", `${inModel}/exports/${exportId}/../116000000099/tasks/T1`],
  ["dots up to the top", `${status}/../../../../../../../../../token/authenticate`],
  ["dots that are encoded twice", `${inExport}/%252e%252e/116000000099/tasks/T1`],
  ["a slash that is encoded twice", `${inExport}%252ftasks%252fT1`],
  ["half of the dots encoded", `${inModel}/exports/.%2e/imports/116000000099`],
  ["dots with a semicolon", `${inExport}/..;/116000000099/tasks/T1`],
  ["a task named by dots", `${tasks}/..%00`],
  ["an id that is encoded", `${inModel}/exports/%31${exportId.slice(1)}/tasks/T1`],
  ["a segment that is encoded", `/work%73paces/${w}/models/${m}/exports`],
  ["an encoded backslash", `${inModel}/exports%5c${exportId}/tasks/T1`],
  ["a slash twice", `${inModel}//exports/${exportId}/tasks/T1`],
  ["a slash twice before a task", `${tasks}//T1`],
  ["a slash at the end", `${status}/`],
  ["only a slash", "/"],
  ["nothing", ""],
  ["a whole address in the path", `/https://evil.example${status}`],
  ["a host in the path", `//evil.example${status}`],
  ["another API", `/../../1/3${status}`],
  ["an @ in the path", `/@evil.example${status}`],
  ["matrix parameters", `${inExport};jsessionid=1/tasks/T1`],
  ["matrix parameters at the end", `${status};a=b`],
  ["a NUL", `${status}%00`],
  ["a NUL before an ending", `${status}%00.json`],
  ["a line's end", `${status}%0d%0aX-Injected:%20yes`],
  ["a line's end in an id", `${inModel}/exports/${exportId}%0d%0a/tasks/T1`],
  ["a tab", `${tasks}/T%091`],
  ["a space", `${tasks}/T%201`],
  ["a plus", `${tasks}/T+1`],
  ["an asterisk", `${inModel}/exports/*/tasks/T1`],
  ["an asterisk for a workspace", `/workspaces/*/models/${m}/exports`],
  ["full-width digits", `${inModel}/exports/\uff11\uff11\uff16000000031/tasks/T1`],
  ["a full-width slash", `${inModel}\uff0fexports\uff0f${exportId}`],
  ["a division slash", `${inModel}\u2215exports\u2215${exportId}`],
  ["two dots in one character", `${inExport}/\u2025/116000000099`],
  ["a soft hyphen", `${tasks}/T\u00ad1`],
  ["a turn of direction", `${tasks}/T\u202e1`],
  ["overlong UTF-8", `${inExport}%c0%af..%c0%af116000000099`],
  ["broken UTF-8", `${tasks}/%ff%fe`],
  ["a percent sign alone", `${tasks}/100%`],
  ["an escape of IIS", `${tasks}/%u0054`],
  ["an ending", `${status}.json`],
  ["an id that is too long", `${tasks}/${long}`],
  ["an export's id that is too long", `${inModel}/exports/${long}/tasks/T1`],
  ["an address that is too long", `${tasks}?limit=1&x=${"x".repeat(2_000)}`],
  ["a path of many segments", `${status}/${"a/".repeat(200)}`],
  ["a file whole", `${inModel}/files/${exportId}`],
  ["files", `${inModel}/files`],
  ["an upload of a chunk", `${inModel}/files/${exportId}/chunks/0`, "PUT"],
  ["an upload's end", `${inModel}/files/${exportId}/complete`, "POST"],
  ["an upload's beginning", `${inModel}/files/${exportId}`, "POST"],
  ["a file's end", `${inModel}/files/${exportId}`, "DELETE"],
  ["a chunk's end", `${inModel}/files/${exportId}/chunks/0`, "DELETE"],
  ["a chunk before the first", `${inModel}/files/${exportId}/chunks/-1`],
  ["a chunk with a zero before it", `${inModel}/files/${exportId}/chunks/00`],
  ["a chunk in hex", `${inModel}/files/${exportId}/chunks/0x1`],
  ["a chunk that is a number's limit", `${inModel}/files/${exportId}/chunks/4294967296`],
  ["a dump whole", `${status}/dump`],
  ["a dump of nothing", `${status}/dumps//chunks`],
  ["the user", "/users/me"],
  ["all users", "/users"],
  ["all workspaces", "/workspaces"],
  ["one workspace", `/workspaces/${w}`],
  ["all models", "/models"],
  ["models of a workspace", `/workspaces/${w}/models`],
  ["the model", inModel],
  ["the model's state", `${inModel}/status`],
  ["the model's opening", `${inModel}/open`, "POST"],
  ["the short form", `/models/${m}/exports/${exportId}`],
  ["lists", `${inModel}/lists`],
  ["items of a list", `${inModel}/lists/101000000001/items?action=add`, "POST"],
  ["views", `${inModel}/views/1/data`],
  ["modules", `${inModel}/modules`],
  ["optimizer logs", `${inModel}/optimizeActions/${exportId}/tasks/T1/solutionLogs`],
  ["a token", "/token/authenticate", "POST"],
  ["another token", "/token/refresh", "POST"],
  ["the end of all tasks", tasks, "DELETE"],
  ["the end of an export", inExport, "DELETE"],
  ["a change of an export", inExport, "PUT"],
  ["a change of a task", status, "PATCH"],
  ["a start in a task's place", status, "POST"],
  ["a start of an export", inExport, "POST"],
  ["PROPFIND", status, "PROPFIND"],
  ["HEAD", status, "HEAD"],
  ["OPTIONS without a question", status, "OPTIONS"],
  ["QUERY", status, "QUERY"],
  ["patch in small letters", status, "patch"],
  ["a method of one's own", status, "GETT"],
  ["a limit that is none", `${tasks}?limit=-1`],
  ["a limit with a line's end", `${tasks}?limit=1%0d%0aX:%20y`],
  ["a limit with another part", `${tasks}?limit=1%26sort=x`],
  ["a limit that is empty", `${tasks}?limit=`],
  ["a limit that is too long", `${tasks}?limit=1234567890`],
  ["a second limit", `${tasks}?limit=1&limit=1;DROP`],
  ["an offset that is none", `${tasks}?offset=1e3`],
  ["a sort of one's own", `${tasks}?sort=-password`],
  ["a sort with another part", `${tasks}?sort=-creationTime%26expand=true`],
  ["a sort of two", `${tasks}?sort=-creationTime,taskId`],
  ["a sort with a path", `${tasks}?sort=../../users/me`],
];

/** Each passes, as this and nothing else: `[what, target, method, headers, what Anaplan sees]`. */
const passing = [
  ["a task", status, "GET", {}, `GET ${status}`],
  ["a cancel", status, "DELETE", {}, `DELETE ${status}`],
  ["a start", tasks, "POST", {}, `POST ${tasks}`],
  ["a query for one task", `${status}?limit=..&sort=x&%00`, "GET", {}, `GET ${status}`],
  ["a query of a start's", `${tasks}?localeName=x`, "POST", {}, `POST ${tasks}`],
  ["what no list knows", `${tasks}?expand=all&limit=3`, "GET", {}, `GET ${tasks}?limit=3`],
  ["an encoded limit", `${tasks}?%6Cimit=5&offset=2`, "GET", {}, `GET ${tasks}?offset=2`],
  ["a limit twice", `${tasks}?limit=9&limit=4`, "GET", {}, `GET ${tasks}?limit=4`],
  ["a plus", `${tasks}?sort=+taskId`, "GET", {}, `GET ${tasks}?sort=%2BtaskId`],
  ["a second question mark", `${tasks}?limit=7?x=1&limit=8`, "GET", {}, undefined],
  // A Request makes slashes of them; where none does, they are no path.
  ["backslashes", `${inModel}\\exports\\${exportId}\\tasks\\T8`, "GET", {}, undefined],
  ["a fragment", `${status.replace("T1", "T7")}#/../../x`, "GET", {}, undefined],
  ["a method in a header", status, "GET", { "X-HTTP-Method-Override": "DELETE" }, `GET ${status}`],
  [
    "another",
    status,
    "GET",
    { "X-HTTP-Method": "PUT", "X-Method-Override": "PUT" },
    `GET ${status}`,
  ],
  ["an address in a header", status, "GET", { "X-Original-URL": "/2/0/users/me" }, `GET ${status}`],
  ["another", status, "GET", { "X-Rewrite-URL": "/2/0/users/me" }, `GET ${status}`],
  ["a host in a header", status, "GET", { "X-Forwarded-Host": "evil.example" }, `GET ${status}`],
  ["forwarded", status, "GET", { Forwarded: "host=evil.example;proto=http" }, `GET ${status}`],
  ["a token", status, "GET", { Authorization: "AnaplanAuthToken another" }, `GET ${status}`],
  ["a cookie", status, "GET", { Cookie: "session=1", "X-Api-Key": "k" }, `GET ${status}`],
  ["a range", status, "GET", { Range: "bytes=0-0", "If-None-Match": "*" }, `GET ${status}`],
  ["what is accepted", status, "GET", { Accept: "text/html", TE: "trailers" }, `GET ${status}`],
];

const seen = ({ method, path, query }) => `${method} ${path}${query && `?${query}`}`;

/** A request that may not be one: what cannot even be made goes no further. */
function made(target, method, headers = {}) {
  const body = method === "POST" ? '{"localeName":"en_US"}' : undefined;
  const kind = body && { "Content-Type": "application/json" };
  const init = { method, body, headers: { ...fromPage, ...kind, ...headers } };
  const url = `${own}/anaplan${target}`;
  // And as a server hands it in whose requests are its own: nothing has made the address a tidy one.
  return [new Request(url, init), loose(new Request(url, init), url)];
}

/** The same request with its address as it was sent. */
function loose(request, url) {
  return new Proxy(request, {
    get(target, name) {
      if (name === "url") return url;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

for (const [what, target, method = "GET"] of refused) {
  test(`nothing arrives of ${what}: ${method} ${target.slice(0, 120)}`, async () => {
    const { fetch, log } = upstream();
    const gateway = await openGateway(fetch);
    for (const request of made(target, method)) assertRefusal(await read(await gateway(request)));
    assert.deepEqual(log.map(seen), []);
  });
}

for (const [what, target, method, headers, expected] of passing) {
  test(`of ${what} arrives what is allowed, and nothing else: ${method} ${target}`, async () => {
    const { fetch, log } = upstream();
    const gateway = await openGateway(fetch);
    for (const request of made(target, method, headers)) {
      const { status, text } = await read(await gateway(request));
      if (expected) assert.equal(status, 200, text);
    }
    assertCanonical(log);
    if (expected) assert.deepEqual([...new Set(log.map(seen))], [expected]);
  });
}

/** Fragments of what does harm, somewhere. */
const poison = [
  ...["%2f", "%2F", "%2e", "%2e%2e", "%252e", "%252f", "%5c", "%00", "%0d%0a", "%0a", "%09", "%20"],
  ...[
    "..",
    "../",
    "./",
    "/..",
    "//",
    "\\",
    "..\\",
    ";",
    ";a=b",
    "..;/",
    "?",
    "#",
    "&",
    "=",
    "@",
    ":",
  ],
  ...[
    "*",
    "~",
    "'",
    '"',
    "<",
    ">",
    "|",
    "{",
    "}",
    "$",
    "`",
    "+",
    ",",
    "%",
    "%zz",
    "%c0%af",
    "%u002f",
  ],
  ...[
    "\u00e9",
    "\u2024",
    "\uff0f",
    "\u2215",
    "\uff0e",
    "\u202e",
    "\u0131",
    "\u212a",
    "\ud83d\ude00",
  ],
  ...["https://evil.example", "//evil.example", "evil.example", "/users/me", "/token/authenticate"],
  ...[
    "limit=",
    "limit=1",
    "&limit=..",
    "sort=",
    "&sort=-x",
    "offset=9999999999",
    "0",
    "9",
    "A",
    "_",
  ],
];
const segments = ["workspaces", "models", "exports", "imports", "processes", "actions", "files"];
const words = [
  ...[...segments, "tasks", "dump", "dumps", "chunks", "0", "1", "00", "lists", "users", "status"],
  ...[w, m, exportId, "T1", "116000000099", w.toUpperCase(), m.toLowerCase(), "", ".", "..", "*"],
];
const methods = ["GET", "GET", "GET", "GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"];
const roots = [
  ...[status, tasks, inExport, `${inModel}/exports`, `${inModel}/actions`, `${tasks}?limit=1`],
  ...[`${tasks}?limit=1&offset=2&sort=-creationTime`, `${inModel}/files/${exportId}/chunks`],
  ...[
    `${inModel}/files/${exportId}/chunks/3`,
    `${status}/dump/chunks/0`,
    `${status}/dumps/1/chunks`,
  ],
];

/** One hostile request: something right, spoilt one to three times. */
function spoilt(chance) {
  const pick = (list) => list[Math.floor(chance() * list.length)];
  let target = pick(roots);
  for (let times = 1 + Math.floor(chance() * 3); times > 0; times--) {
    const at = Math.floor(chance() * (target.length + 1));
    const parts = target.split("/");
    const part = 1 + Math.floor(chance() * (parts.length - 1));
    const change = [
      () => target.slice(0, at) + pick(poison) + target.slice(at),
      () => target.slice(0, at) + target.slice(at + 1),
      () =>
        target.slice(0, at) + encodeURIComponent(target.slice(at, at + 1)) + target.slice(at + 1),
      () =>
        target.slice(0, at) +
        [...target.slice(at, at + 1)].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("") +
        target.slice(at + 1),
      () => parts.with(part, pick(words)).join("/"),
      () => parts.toSpliced(part, 0, pick(words)).join("/"),
      () => parts.toSpliced(part, 1).join("/"),
      () => target.slice(0, at) + target.slice(at).toUpperCase(),
      () => target + pick(poison) + pick(poison),
    ];
    target = pick(change)();
  }
  return { target, method: pick(methods) };
}

test("3 000 hostile requests, and nothing arrives that is not allowed", async () => {
  const chance = random(20_250_104);
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch, { limits: { requests: 1e6 } });
  const counts = {};
  let passed = 0;
  for (let i = 0; i < 3_000; i++) {
    const { target, method } = spoilt(chance);
    let requests;
    try {
      requests = made(target, method);
    } catch {
      // No Request can be made of it, so none can come.
      requests = [
        loose(new Request(own, { method, headers: fromPage }), `${own}/anaplan${target}`),
      ];
    }
    for (const request of requests) {
      const before = log.length;
      const response = await gateway(request);
      const answer = await read(response);
      counts[answer.status] = (counts[answer.status] ?? 0) + 1;
      if (answer.status === 200) passed++;
      else assertRefusal(answer);
      assertNoSecret(`${[...answer.headers]}${answer.text}`);
      assertCanonical(log.slice(before));
      // By another reading than the gateway's: of a path that is not canonical, nothing arrives.
      const path = request.url.slice(`${own}/anaplan`.length).split("#")[0].split("?")[0];
      if (!canonical(method, path, "")) {
        assert.equal(log.length, before, `${method} ${request.url}`);
        assert.notEqual(answer.status, 200, `${method} ${request.url}`);
      }
    }
  }
  // A generator whose requests are all refused for one reason shows nothing.
  assert.ok(passed > 100, `${passed} passed: ${JSON.stringify(counts)}`);
  for (const status of [400, 403, 404, 405]) {
    assert.ok(counts[status] > 20, JSON.stringify(counts));
  }
});

/** Sends bytes, and reads until the end. */
function raw(origin, bytes) {
  return new Promise((resolve, reject) => {
    const socket = dial(new URL(origin).port, "127.0.0.1", () => socket.write(bytes));
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => (text += chunk));
    socket.on("error", (error) => (error.code === "ECONNRESET" ? resolve(text) : reject(error)));
    socket.on("close", () => resolve(text));
    socket.setTimeout(20_000, () => socket.destroy(new Error(`no answer to ${bytes}`)));
  });
}

/** The parts of one answer; none where the server hung up. */
function answerIn(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [line, ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s, 2)));
  const body = text.slice(end + 4);
  const json = body.startsWith("{") ? JSON.parse(Buffer.from(body, "latin1")) : undefined;
  return { status: Number(line.split(" ")[1]), headers, text: body, json };
}

function bytesOf(target, method, host, more = "") {
  const body = method === "POST" ? '{"localeName":"en_US"}' : "";
  const content = body && `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\n`;
  return Buffer.from(`${head}${content}${more}Connection: close\r\n\r\n${body}`, "utf8");
}

/** A gateway behind sockets, and what it was asked and answered, beside what Node refuses itself. */
async function behindSockets(t, options) {
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch, { limits: { requests: 1e6 }, ...options });
  const answers = [];
  const watched = async (request, connection) => {
    const response = await gateway(request, connection);
    answers.push({ url: request.url, method: request.method, response });
    return response;
  };
  const origin = await listen(t, watched);
  return { origin, host: new URL(origin).host, log, answers };
}

test("over a socket, too, nothing arrives that is not allowed", async (t) => {
  const { origin, host, log, answers } = await behindSockets(t);
  for (const [what, target, method = "GET"] of refused) {
    const before = answers.length;
    const answer = answerIn(await raw(origin, bytesOf(`/anaplan${target}`, method, host)));
    // What Node's parser and the server around refuse, they refuse in their own way.
    const refusal = answer && { ...answer, text: answer.text };
    if (answers.length > before && method !== "HEAD") {
      assertRefusal({ ...refusal, text: refusal.json ? refusal.text : "" }, undefined);
    } else if (answer) {
      assert.ok([400, 404, 405, 431].includes(answer.status), `${what}: ${answer.status}`);
    }
  }
  assert.deepEqual(log.map(seen), []);
  assert.ok(answers.length > refused.length / 2, `${answers.length} came through`);

  for (const [, target, method, headers] of passing) {
    const more = Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("");
    assertNoSecret(await raw(origin, bytesOf(`/anaplan${target}`, method, host, more)));
  }
  assert.ok(log.length > 3);
  assertCanonical(log);
});

test("3 000 hostile requests over sockets", async (t) => {
  const chance = random(7);
  const { origin, host, log, answers } = await behindSockets(t);
  const prefixes = [
    "/anaplan",
    "/anaplan",
    "/anaplan",
    "/anaplan",
    "",
    "//",
    `http://${host}/anaplan`,
  ];
  const more = [
    ...["", "", "X-Original-URL: /2/0/users/me\r\n", "X-HTTP-Method-Override: DELETE\r\n"],
    ...["Host: evil.example\r\n", "X-Forwarded-Host: evil.example\r\n", "Expect: 100-continue\r\n"],
    ...["Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\n", "Upgrade: h2c\r\n"],
  ];
  const unusual = [...methods, "TRACE", "PROPFIND", "get", "Get", "CONNECT", "M-SEARCH", "QUERY"];
  const pick = (list) => list[Math.floor(chance() * list.length)];
  const statuses = {};
  const one = async () => {
    const { target } = spoilt(chance);
    const line = `${pick(prefixes)}${target}`.replace(/[\r\n ]/g, "");
    const text = await raw(origin, bytesOf(line, pick(unusual), host, pick(more)));
    assertNoSecret(text);
    const answer = answerIn(text);
    const status = answer?.status ?? "none";
    statuses[status] = (statuses[status] ?? 0) + 1;
    assert.ok(!(status >= 500), text);
  };
  const worker = async () => {
    for (let i = 0; i < 150; i++) await one();
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  assertCanonical(log);
  assert.ok(answers.length > 1_000, `${answers.length}: ${JSON.stringify(statuses)}`);
  assert.ok(log.length > 10, `${log.length} arrived`);
});

test("a second request in the body of the first is no request", async (t) => {
  const { origin, host, log } = await behindSockets(t);
  const inner = `DELETE /anaplan${status} HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\n\r\n`;
  const head = `POST /anaplan${tasks} HTTP/1.1\r\nHost: ${host}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n`;
  for (const framing of [
    `Content-Length: ${inner.length}\r\n`,
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`,
    `Transfer-Encoding: chunked, identity\r\nContent-Length: ${inner.length}\r\n`,
    `Transfer-Encoding : chunked\r\n`,
  ]) {
    const bytes = `${head}${framing}Connection: close\r\n\r\n${inner}`;
    const answer = answerIn(await raw(origin, Buffer.from(bytes)));
    assert.ok(!answer || (answer.status >= 400 && answer.status < 500), answer?.text);
  }
  assert.deepEqual(log.map(seen), []);
});

test("a path that is not below the prefix leads nowhere", async () => {
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch, { allow: { ...allow, actions: "*" } });
  for (const path of [status, `/anaplanx${status}`, `/x/anaplan${status}`, `/ANAPLAN${status}`]) {
    const request = new Request(own + path, { headers: fromPage });
    assertRefusal(await read(await gateway(request)), 404);
  }
  const other = await openGateway(fetch, { prefix: "/api/tasks" });
  const at = async (path) => read(await other(new Request(own + path, { headers: fromPage })));
  assertRefusal(await at(`/anaplan${status}`), 404);
  assert.deepEqual(log, []);
  assert.equal((await at(`/api/tasks${status}`)).status, 200);
  assert.equal(log[0].url, api + status);
});

test("what no server hands in is no request either", async () => {
  const { fetch, log } = upstream();
  const gateway = await openGateway(fetch);
  const headers = new Headers(fromPage);
  const good = { method: "GET", url: `${own}/anaplan${status}`, headers };
  for (const request of [
    ...[undefined, null, 7, "GET", {}, [], () => {}, { ...good, url: 7 }, { ...good, url: "" }],
    ...[
      { ...good, method: 7 },
      { ...good, method: "get" },
      { ...good, method: "GET\r\n" },
    ],
    ...[
      { ...good, url: `/anaplan${status}` },
      { ...good, url: `gate.example/anaplan${status}` },
    ],
    {
      get url() {
        throw new Error("no");
      },
    },
    {
      ...good,
      method: "DELETE",
      headers: {
        get: () => {
          throw new Error("no");
        },
      },
    },
    { ...good, method: "DELETE", headers: undefined },
  ]) {
    assertRefusal(await read(await gateway(request)));
  }
  assert.deepEqual(log.map(seen), []);
});
