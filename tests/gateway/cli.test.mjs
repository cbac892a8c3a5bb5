// The gateway as a process, over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { answerTo, runGateway, socketTo, startGateway } from "../support/gateway-process.mjs";
import { json, serve } from "../support/server.mjs";
import { simulate } from "../support/simulator.mjs";

const model = "/workspaces/W1/models/M1";
const task = `${model}/exports/E1/tasks/T1`;
const chunk = `${model}/files/E1/chunks/0`;
const running = { task: { taskId: "T1", taskState: "IN_PROGRESS", progress: 0.5 } };

/** An Anaplan that says what it was asked; `answer(request, response)` may answer otherwise. */
async function anaplan(t, answer = (_, response) => json(response, running)) {
  const asked = [];
  const url = await serve(t, (request, response) => {
    const { method, url, headers } = request;
    asked.push({ method, url, token: headers.authorization });
    answer(request, response);
  });
  return { url, asked, args: ["--base-url", url] };
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), "anaplan-tasks-gateway-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** What must come long before anything that would end it else: idle connections do after a minute. */
function within(promise) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("it took more than half a minute")), 30_000).unref();
  });
  return Promise.race([promise, late]);
}

const soon = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("one line says where it listens, and requests pass from there to Anaplan", async (t) => {
  const { asked, args } = await anaplan(t);
  const gateway = await startGateway(t, [...args, "--json"]);
  assert.match(gateway.stdout(), /^\{[^\n]*\}\n$/);
  const { baseUrl, health } = JSON.parse(gateway.stdout());
  assert.equal(baseUrl, `${gateway.origin}/anaplan`);
  const answer = await fetch(baseUrl + task);
  assert.equal(answer.status, 200);
  assert.equal((await answer.json()).task.taskState, "IN_PROGRESS");
  assert.deepEqual(asked, [{ method: "GET", url: task, token: "AnaplanAuthToken token-hush" }]);
  for (const url of [health, `${baseUrl}/healthz`]) {
    assert.equal((await fetch(url)).status, 200, url);
  }

  const other = await startGateway(t, [...args, "--prefix", "/api/plan"]);
  assert.equal(other.stdout(), `${other.origin}/api/plan is a gateway.\n`);
  assert.equal((await fetch(`${other.origin}/api/plan${task}`)).status, 200);
  assert.equal((await fetch(`${other.origin}/anaplan${task}`)).status, 404);
});

test("what its help shows works, with the simulator behind it", async (t) => {
  const { stdout: help } = await runGateway(["--help"]);
  const { tenant, tasks } = await simulate(t, "--json");
  const example = /gateway (--base-url http:\/\/127\.0\.0\.1:8080\/2\/0 .*)$/m.exec(help)[1];
  const args = example
    .replace("http://127.0.0.1:8080", new URL(tenant.baseUrl).origin)
    .replace(" --port 8081", "")
    .replaceAll("'", "")
    .split(" ");
  const gateway = await startGateway(t, args, { env: { ANAPLAN_TOKEN: tenant.token } });
  const here = tasks.replace(tenant.baseUrl, `${gateway.origin}/anaplan`);
  const started = await fetch(here, {
    method: "POST",
    headers: { "Content-Type": "application/json", Origin: gateway.origin },
    body: JSON.stringify({ localeName: "en_US" }),
  });
  assert.equal(started.status, 200);
  const { taskId } = (await started.json()).task;
  assert.equal((await (await fetch(`${here}/${taskId}`)).json()).task.taskId, taskId);
  // The rule has no `tasks`.
  assert.equal((await fetch(here)).status, 403);
});

test("of several rules each says what may pass", async (t) => {
  const { asked, args } = await anaplan(t);
  const rules = ["--allow", "W1/*/E1:status", "--allow", "*/M2/*:status,tasks"];
  const gateway = await startGateway(t, [...args, ...rules]);
  const status = async (path) => (await fetch(`${gateway.origin}/anaplan${path}`)).status;
  assert.equal(await status(task), 200);
  assert.equal(await status(task.replace("M1", "M2").replace("E1", "E9")), 200);
  const passed = asked.length;
  assert.equal(await status(task.replace("E1", "E2")), 403);
  assert.equal(await status(task.replace("W1", "W2")), 403);
  assert.equal(await status(`${model}/exports/E1/tasks`), 403);
  assert.equal(asked.length, passed);
});

test("--help says what there is", async () => {
  for (const option of ["--help", "-h"]) {
    const { code, stdout } = await runGateway(["--port", "x", option]);
    assert.equal(code, 0);
    for (const word of [
      ...["--allow", "--port", "--host", "--prefix", "--origin", "--host-name", "--trust-proxy"],
      ...["--requests-per-minute", "--redis", "--instances", "--base-url", "--auth-url"],
      ...["--grace", "--verbose", "--quiet", "--json", "--token-file", "--password-file"],
      ...["ANAPLAN_TOKEN", "ANAPLAN_USER", "ANAPLAN_PASSWORD", "REDIS_PASSWORD", "/healthz"],
      ...["status, cancel, start, tasks, list, download", "npx anaplan-tasks gateway"],
    ]) {
      assert.ok(stdout.includes(word), word);
    }
  }
});

const token = { ANAPLAN_TOKEN: "token-hush" };
const allow = ["--allow", "*/*/*:status"];

const wrong = [
  [[], /--allow: expected a rule, such as '\*\/\*\/\*:status'/],
  [["--allow", "*/*/*"], /--allow '\*\/\*\/\*': expected .*a colon/],
  [["--allow", ""], /--allow '': expected WORKSPACE\/MODEL\/ACTION, a colon/],
  [["--allow", ":status"], /--allow ':status': expected WORKSPACE\/MODEL\/ACTION/],
  [["--allow", "W/M/E:status:cancel"], /expected .*a colon/],
  [["--allow", "W/M:status"], /expected WORKSPACE\/MODEL\/ACTION before the colon, found 'W\/M'/],
  [["--allow", "W/M/E/T:status"], /before the colon, found 'W\/M\/E\/T'/],
  [["--allow", "W//E:status"], /expected an id of letters.* or \* for any, found ''/],
  [["--allow", "W/M/E*:status"], /expected an id .*found 'E\*'/],
  [["--allow", "W/M/E:"], /expected operations out of status, .*found ''/],
  [["--allow", "W/M/E:status,stop"], /operations out of status, cancel, .*found 'stop'/],
  [["--allow", "W/M/E:toString"], /operations out of .*found 'toString'/],
  [["--allow", "*/*/*:*", "--allow", "W"], /--allow 'W'/],
  [[...allow, "--fly"], /'--fly'/],
  [[...allow, "now"], /'now'/],
  [[...allow, "--port", "65536"], /--port: expected a whole number from 0 to 65535/],
  [[...allow, "--host", ""], /--host: expected an address/],
  [[...allow, "--grace", "-1"], /--grace/],
  [[...allow, "--grace=1.5"], /--grace: expected a whole number .*'1\.5'/],
  [[...allow, "--requests-per-minute", "0"], /--requests-per-minute: .*from 1 to /],
  [[...allow, "--instances", "some"], /--instances: expected a whole number .*'some'/],
  [[...allow, "--quiet", "--verbose"], /--quiet and --verbose/],
  [[...allow, "--redis", "here"], /--redis: expected a URL such as redis:/],
  [[...allow, "--redis", "http://127.0.0.1"], /--redis: expected a URL such as redis:/],
  [[...allow, "--redis", "redis://u:hush@127.0.0.1"], /REDIS_PASSWORD/],
  [[...allow, "--token", "hush"], /'--token'/],
  [allow, /no credential: .*ANAPLAN_TOKEN.*ANAPLAN_PASSWORD.*--token-file.*--password-file/, {}],
  [allow, /no credential/, { ANAPLAN_TOKEN: "", ANAPLAN_USER: "u" }],
  [allow, /ANAPLAN_PASSWORD without ANAPLAN_USER/, { ANAPLAN_PASSWORD: "hush" }],
  [allow, /ANAPLAN_TOKEN and ANAPLAN_PASSWORD are both given/, { ...token, ANAPLAN_PASSWORD: "p" }],
  [[...allow, "--password-file", "-"], /--password-file without ANAPLAN_USER/, {}],
  [[...allow, "--token-file", "-", "--password-file", "-"], /--token-file and --password-file/],
  [[...allow, "--token-file", "/nowhere/token"], /--token-file: .*'\/nowhere\/token'/],
  [[...allow, "--token-file", "-"], /--token-file: standard input is empty/],
  [[...allow, "--port=0", "--prefix", "x"], /--prefix: expected/],
  [[...allow, "--port=0", "--base-url", "http://anaplan.example"], /--base-url: expected/],
  [[...allow, "--port=0", "--origin", "planning.example"], /--origin.*: expected/],
];

test("wrong use is explained, with exit code 2", async () => {
  await together(wrong, async ([args, message, env = token]) => {
    const { code, stdout, stderr } = await runGateway(args, { env });
    assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(stderr, /--help/);
    assert.doesNotMatch(stderr, /\n +at |hush/);
  });
});

/** All of it, two at a time: each is a process. */
async function together(all, work) {
  const left = all.values();
  const worker = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all([worker(), worker()]);
}

test("a port in use is named, with exit code 1", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  t.after(() => other.close());
  await once(other, "listening");
  const { port } = other.address();
  const { code, stdout, stderr } = await runGateway([...allow, "--port", String(port)], {
    env: token,
  });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, new RegExp(`port ${port} .*in use.*--port 0`));
});

/** The command in a folder of its own, where it finds no package. */
async function alone(t) {
  const path = await folder(t);
  await writeFile(join(path, "package.json"), '{"type":"module"}');
  for (const file of ["cli.js", "gateway.js"]) await cp(at("pkg", file), join(path, file));
  return join(path, "cli.js");
}

const redis = ["--redis", "redis://user@127.0.0.1:1/0"];

test("--redis without the package says how to install it, with exit code 1", async (t) => {
  const options = { env: token, cwd: await folder(t), program: await alone(t) };
  const { code, stderr } = await runGateway([...allow, ...redis], options);
  assert.equal(code, 1);
  assert.match(stderr, /npm install redis/);
  assert.doesNotMatch(stderr, /\n +at /);
});

test("--redis takes the package from where it is started, and a password from the environment", async (t) => {
  const cwd = await folder(t);
  await mkdir(join(cwd, "node_modules", "redis"), { recursive: true });
  await writeFile(
    join(cwd, "node_modules", "redis", "index.js"),
    `const { EventEmitter } = require("node:events");
    exports.createClient = ({ url, password, disableOfflineQueue }) => {
      if (url !== "redis://user@127.0.0.1:1/0" || !disableOfflineQueue) throw new Error(url);
      const client = new EventEmitter();
      const open = setInterval(() => {
        client.emit("error", new Error("WRONGPASS " + password));
      }, 50);
      const refuse = async () => { throw new Error("refused " + password); };
      const destroy = () => clearInterval(open);
      return Object.assign(client, { isReady: false, connect: refuse, eval: refuse, destroy });
    };`,
  );
  const { args } = await anaplan(t);
  const env = { ...token, REDIS_PASSWORD: "redis-hush" };
  const options = { env, cwd, program: await alone(t) };
  const gateway = await startGateway(t, [...args, ...redis], options);
  // What cannot be reached makes no difference to those who ask.
  assert.equal((await fetch(`${gateway.origin}/anaplan${task}`)).status, 200);
  const away = await gateway.logged(({ type }) => type === "store");
  assert.deepEqual([away.level, away.state], ["warn", "away"]);
  const { level, message } = await gateway.logged(({ type }) => type === "redis");
  assert.deepEqual([level, message], ["warn", "no connection: WRONGPASS"]);
  await soon(200);
  gateway.child.kill("SIGTERM");
  assert.deepEqual(await within(gateway.exited), [0, null]);
  assert.equal(gateway.log().filter(({ type }) => type === "redis").length, 1);
  assert.doesNotMatch(gateway.stderr(), /hush/);
});

// Bytes as no browser sends them: none may forge a line, none may put a secret in one.
const hostile = [
  `GET /anaplan${task}?token=hush HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan${task}%0A%7B%22type%22:%22served%22%7D HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan/%0d%0a{"level":"warn"} HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan${task}%E2%80%A8hush%00%1b[31m HTTP/1.1\r\nHost: HOST`,
  `GET /%61naplan/../../etc/passwd HTTP/1.1\r\nHost: HOST`,
  `GET //hush@evil.example/anaplan${task} HTTP/1.1\r\nHost: HOST`,
  `GET http://hush:hush@127.0.0.1/anaplan${task} HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan${task}\xff\xfe HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: hush"\\u000a.example`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer hush\r\nCookie: s=hush`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nUser-Agent: hush\r\nReferer: http://hush/`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nX-Forwarded-For: hush"}\\n{"a":1`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nOrigin: http://hush.example`,
  `TRACE /anaplan${task} HTTP/1.1\r\nHost: HOST`,
  `PURGE /anaplan${task} HTTP/1.1\r\nHost: HOST`,
  `HUSH /anaplan${task} HTTP/1.1\r\nHost: HOST`,
  `OPTIONS * HTTP/1.1\r\nHost: HOST`,
  `CONNECT hush.example:80 HTTP/1.1\r\nHost: HOST`,
  `GET /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nTransfer-Encoding: chunked`,
  `POST /anaplan${task} HTTP/1.1\r\nHost: HOST\r\nContent-Length: 4\r\n\r\nhush`,
  `GET /anaplan${task} HTTP/1.1`,
  `\x16\x03\x01\x02hush`,
];

test("the log is one object of JSON in a line, whatever was sent", async (t) => {
  const { args } = await anaplan(t);
  const gateway = await startGateway(t, [...args, "--trust-proxy", "--verbose"]);
  for (const bytes of hostile) {
    const head = bytes.replace("Host: HOST", `Host: 127.0.0.1:${gateway.port}`);
    await answerTo(t, gateway.port, `${head}\r\nConnection: close\r\n\r\n`);
  }
  const good = await fetch(`${gateway.origin}/anaplan${task}`);
  assert.equal(good.status, 200, "it goes on");
  await good.text();
  await gateway.logged(({ type, status }) => type === "served" && status === 200);

  for (const line of gateway.log()) {
    const { time, level, type } = line;
    assert.equal(new Date(time).toISOString(), time);
    assert.ok(["debug", "info", "warn"].includes(level), level);
    const known = ["served", "request", "answer", "retry", "renewal", "rateLimit"];
    assert.ok(known.includes(type), JSON.stringify(line));
    // A path that was not understood is not repeated; an address is one.
    if (line.path) assert.match(line.path, /^\/[\w/]+$/);
    if (line.address) assert.equal(line.address, "127.0.0.1");
  }
  assert.ok(gateway.log().filter(({ type }) => type === "served").length > 5);
  assert.doesNotMatch(gateway.stderr() + gateway.stdout(), /hush/i);
});

test("a request is a line, at level warn when it failed; Anaplan's are there with --verbose", async (t) => {
  let failing = false;
  const { args } = await anaplan(t, (_, response) =>
    failing ? json(response, {}, 500) : json(response, running),
  );
  const normal = await startGateway(t, args);
  const verbose = await startGateway(t, [...args, "--verbose"]);
  const quiet = await startGateway(t, [...args, "--quiet"]);
  const all = [normal, verbose, quiet];
  for (const { origin } of all) await (await fetch(`${origin}/anaplan${task}?x=1`)).text();
  const served = await normal.logged(({ type }) => type === "served");
  const { time, duration, ...rest } = served;
  assert.ok(duration >= 0 && Date.parse(time) > Date.now() - 60_000);
  assert.deepEqual(rest, {
    level: "info",
    type: "served",
    method: "GET",
    path: task,
    operation: "status",
    status: 200,
    address: "127.0.0.1",
  });
  assert.deepEqual(normal.log(), [served]);

  await verbose.logged(({ type }) => type === "served");
  const debug = verbose.log().filter(({ level }) => level === "debug");
  assert.deepEqual(
    debug.map(({ type, method, path, attempt, status }) => [type, method, path, attempt, status]),
    [
      ["request", "GET", task, 1, undefined],
      ["answer", "GET", task, 1, 200],
    ],
  );

  failing = true;
  await (await fetch(`${normal.origin}/anaplan${task.replace("T1", "T2")}`)).text();
  const failed = await normal.logged(({ status }) => status >= 500);
  assert.deepEqual([failed.type, failed.level], ["served", "warn"]);
  assert.equal(quiet.stderr(), "");
});

test("what goes wrong on the way to Anaplan is a line each, at level warn", async (t) => {
  const { url, args } = await anaplan(t, (request, response) => {
    if (request.url === "/token/authenticate") return json(response, {}, 401);
    response.setHeader("Retry-After", "7");
    json(response, {}, 429);
  });
  const limited = await startGateway(t, args);
  const answer = await fetch(`${limited.origin}/anaplan${task}`);
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "7"]);
  const { level, delay } = await limited.logged(({ type }) => type === "rateLimit");
  assert.deepEqual([level, delay], ["warn", 7_000]);
  assert.ok(limited.log().every(({ type }) => ["rateLimit", "served"].includes(type)));

  const user = { ANAPLAN_USER: "u", ANAPLAN_PASSWORD: "p-hush" };
  const unknown = await startGateway(t, [...args, "--auth-url", `${url}/token`], { env: user });
  assert.ok((await fetch(`${unknown.origin}/anaplan${task}`)).status >= 500);
  const renewal = await unknown.logged(({ type }) => type === "renewal");
  assert.deepEqual(
    [renewal.level, renewal.reason, renewal.code],
    ["warn", "first", "UNAUTHORIZED"],
  );
});

test("a failure is logged at level warn", async (t) => {
  const { args } = await anaplan(t, (_, response) => response.destroy());
  const gateway = await startGateway(t, args);
  const answer = await fetch(`${gateway.origin}/anaplan${task}`);
  assert.ok(answer.status >= 500, answer.status);
  const served = await gateway.logged(({ type }) => type === "served");
  assert.deepEqual([served.level, served.status], ["warn", answer.status]);
});

for (const args of [[], ["--verbose"]]) {
  test(`no secret is printed, even when it comes back from Anaplan: ${args}`, async (t) => {
    const basic = Buffer.from("planner@example.com:pass-hush").toString("base64");
    const secrets = ["token-hush", "pass-hush", basic, "first-hush"];
    let status = 401;
    const upstream = await anaplan(t, (request, response) => {
      if (request.url === "/token/authenticate" && status < 500) {
        return json(response, { tokenInfo: { tokenValue: "first-hush", expiresAt: 1e13 } }, 201);
      }
      const said = `${request.headers.authorization} is refused`;
      json(response, { status: { code: status, message: said }, statusMessage: said }, status);
    });
    const urls = ["--base-url", upstream.url, "--auth-url", `${upstream.url}/token`];
    const user = { ANAPLAN_USER: "planner@example.com", ANAPLAN_PASSWORD: "pass-hush" };
    for (const env of [{ ANAPLAN_TOKEN: "token-hush" }, user]) {
      for (status of [401, 403, 404, 500]) {
        const gateway = await startGateway(t, [...urls, ...args], { env });
        const answer = await fetch(`${gateway.origin}/anaplan${task}`, {
          signal: AbortSignal.timeout(3_000),
        }).catch(() => undefined);
        const text = answer ? (await answer.text()) + JSON.stringify([...answer.headers]) : "";
        if (answer) assert.ok(answer.status >= 400);
        gateway.child.kill("SIGTERM");
        await soon(50);
        gateway.child.kill("SIGTERM");
        await gateway.exited;
        for (const secret of secrets) {
          assert.ok(!(gateway.stdout() + gateway.stderr() + text).includes(secret), secret);
        }
      }
    }
    const tokens = new Set(upstream.asked.map(({ token }) => token));
    assert.ok(tokens.has("AnaplanAuthToken token-hush") && tokens.has(`Basic ${basic}`));
  });
}

test("a token file is read again for each new token", async (t) => {
  const file = join(await folder(t), "token");
  await writeFile(file, "old\n");
  const { asked, args } = await anaplan(t, ({ headers }, response) =>
    headers.authorization === "AnaplanAuthToken new"
      ? json(response, running)
      : json(response, { statusMessage: "expired" }, 401),
  );
  const gateway = await startGateway(t, [...args, "--token-file", file], { env: {} });
  await writeFile(file, "new\n");
  assert.equal((await fetch(`${gateway.origin}/anaplan${task}`)).status, 200);
  assert.equal(asked.at(-1).token, "AnaplanAuthToken new");
});

test("a token and a password come from standard input, too", async (t) => {
  const { url, asked, args } = await anaplan(t, (request, response) =>
    request.url === "/token/authenticate"
      ? json(response, { tokenInfo: { tokenValue: "got", expiresAt: 1e13 } }, 201)
      : json(response, running),
  );
  const first = await startGateway(t, [...args, "--token-file", "-"], { env: {}, input: "in\n" });
  await fetch(`${first.origin}/anaplan${task}`);
  assert.equal(asked.at(-1).token, "AnaplanAuthToken in");

  const second = await startGateway(
    t,
    [...args, "--auth-url", `${url}/token`, "--password-file", "-"],
    // What is asked for goes before what is around.
    { env: { ANAPLAN_USER: "u", ANAPLAN_TOKEN: "around" }, input: "a b\r\n" },
  );
  await fetch(`${second.origin}/anaplan${task}`);
  const basic = `Basic ${Buffer.from("u:a b").toString("base64")}`;
  assert.deepEqual(
    asked.slice(-2).map(({ token }) => token),
    [basic, "AnaplanAuthToken got"],
  );
});

test("what is no request is refused by Node, in a word", async (t) => {
  const { asked, args } = await anaplan(t);
  const gateway = await startGateway(t, args);
  const host = `Host: 127.0.0.1:${gateway.port}`;
  for (const [bytes, status] of [
    [`GET /anaplan${task} HTTP/1.1\r\n${host}\r\nCookie: ${"x".repeat(9_000)}\r\n\r\n`, 431],
    [`GET /${"x".repeat(9_000)} HTTP/1.1\r\n${host}\r\n\r\n`, 431],
    [`GET /anaplan${task} HTTP/1.1\r\n\r\n`, 400],
    [`hello\r\n\r\n`, 400],
  ]) {
    const answer = await answerTo(t, gateway.port, bytes);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.doesNotMatch(answer, /\n +at |node:/);
  }
  assert.deepEqual([asked, gateway.stderr()], [[], ""]);
});

test("a client's address is that of its connection, or with --trust-proxy the proxy's word", async (t) => {
  const { args } = await anaplan(t);
  const forwarded = [
    ["203.0.113.7", "203.0.113.7"],
    ["198.51.100.1, 203.0.113.7", "203.0.113.7"],
    ["203.0.113.7,2001:db8::1", "2001:db8::1"],
    ["203.0.113.7:4711", "203.0.113.7"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["unknown", "127.0.0.1"],
    ["203.0.113.7,", "127.0.0.1"],
    ["", "127.0.0.1"],
  ];
  const alone = await startGateway(t, args);
  const behind = await startGateway(t, [...args, "--trust-proxy"]);
  for (const [index, [header, address]] of forwarded.entries()) {
    const headers = { "X-Forwarded-For": header };
    for (const { origin } of [alone, behind]) await fetch(`${origin}/anaplan${task}`, { headers });
    const line = ({ logged }) => logged((_, number) => number === index);
    assert.equal((await line(alone)).address, "127.0.0.1");
    assert.equal((await line(behind)).address, address, header);
  }
  // Two headers are one list.
  await answerTo(
    t,
    behind.port,
    `GET /anaplan${task} HTTP/1.1\r\nHost: 127.0.0.1:${behind.port}\r\nConnection: close\r\n` +
      "X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n",
  );
  const last = await behind.logged((_, number) => number === forwarded.length);
  assert.equal(last.address, "203.0.113.9");
});

test("by loopback it goes by this machine's names alone, else by those that are given", async (t) => {
  const { asked, args } = await anaplan(t);
  const local = await startGateway(t, args);
  const named = await startGateway(t, [...args, "--host-name", "plan.example"]);
  const any = await startGateway(t, [...args, "--host", "0.0.0.0"]);
  const status = async ({ port }, host) => {
    const head = `GET /anaplan${task} HTTP/1.1\r\nHost: ${host.replace("PORT", port)}`;
    return Number((await answerTo(t, port, `${head}\r\nConnection: close\r\n\r\n`)).slice(9, 12));
  };
  for (const host of ["evil.example:PORT", "evil.example", "localhost", "localhost.evil:PORT"]) {
    assert.equal(await status(local, host), 421, host);
  }
  assert.equal(asked.length, 0);
  for (const host of ["localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT", "LocalHost:PORT"]) {
    assert.equal(await status(local, host), 200, host);
  }
  assert.equal(await status(named, "plan.example"), 200);
  assert.equal(await status(named, "127.0.0.1:PORT"), 421);
  assert.equal(await status(any, "evil.example"), 200);
  // Which is worth a word.
  const { level, message } = any.log().find(({ type }) => type === "hosts");
  assert.equal(level, "warn");
  assert.match(message, /--host-name/);
  for (const { log } of [local, named]) assert.ok(!log().some(({ type }) => type === "hosts"));
});

test("an answer of Anaplan's that breaks off is broken on the wire, without a stack", async (t) => {
  const { args } = await anaplan(t, (_, response) => {
    response.writeHead(200, { "Content-Type": "application/octet-stream" });
    response.write("begin");
    setTimeout(() => response.destroy(), 200);
  });
  const gateway = await startGateway(t, args);
  const answer = await answerTo(
    t,
    gateway.port,
    `GET /anaplan${chunk} HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`,
  );
  assert.match(answer, /^HTTP\/1\.1 200 [^]*begin/);
  assert.doesNotMatch(answer, /\r\n0\r\n|Error/);
  assert.equal((await fetch(`${gateway.origin}/healthz`)).status, 200);
  await gateway.logged(({ type, path }) => type === "served" && !path);
});

test("a client that leaves takes its file along, and nothing else", async (t) => {
  let answer;
  let ended = false;
  const { args } = await anaplan(t, (request, response) => {
    if (request.url === task) return (answer = () => json(response, running));
    response.writeHead(200, { "Content-Type": "application/octet-stream" });
    response.write("begin");
    response.once("close", () => (ended = true));
  });
  const gateway = await startGateway(t, args);
  for (const path of [task, chunk]) {
    const { socket, text } = await socketTo(t, gateway.port);
    socket.write(`GET /anaplan${path} HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`);
    while (path === task ? !answer : !text().includes("begin")) await soon(10);
    socket.destroy();
  }
  while (!ended) await soon(10);
  const other = fetch(`${gateway.origin}/anaplan${task}`);
  await soon(50);
  answer();
  assert.equal((await other).status, 200);
  gateway.child.kill("SIGTERM");
  assert.deepEqual(await within(gateway.exited), [0, null]);
  assert.ok(gateway.log().length > 0);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} lets what is under way end, and takes nothing new`, async (t) => {
    let answer;
    const { args } = await anaplan(t, (_, response) => (answer = () => json(response, running)));
    const gateway = await startGateway(t, args);
    const idle = await socketTo(t, gateway.port);
    idle.socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`);
    while (!idle.text()) await soon(10);
    const untouched = await socketTo(t, gateway.port);
    const slow = await socketTo(t, gateway.port);
    slow.socket.write(
      `GET /anaplan${task} HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\nConnection: keep-alive\r\n\r\n`,
    );
    while (!answer) await soon(10);

    gateway.child.kill(signal);
    await within(Promise.all([idle.closed, untouched.closed]));
    assert.match(idle.text(), /^HTTP\/1\.1 200 /);
    await assert.rejects(fetch(`${gateway.origin}/healthz`), TypeError);
    assert.equal(gateway.child.exitCode, null);
    assert.equal(slow.text(), "");

    answer();
    await within(slow.closed);
    assert.match(slow.text(), /^HTTP\/1\.1 200 [^]*IN_PROGRESS/);
    assert.match(slow.text(), /^connection: close\r$/im);
    assert.deepEqual(await within(gateway.exited), [0, null]);
    assert.ok(gateway.log().some(({ type }) => type === "stopping"));
  });
}

test("a file on its way arrives whole before it ends", async (t) => {
  let upstream;
  const { args } = await anaplan(t, (_, response) => {
    response.writeHead(200, { "Content-Type": "application/octet-stream" });
    response.write("begin ");
    upstream = response;
  });
  const gateway = await startGateway(t, args);
  const answer = await fetch(`${gateway.origin}/anaplan${chunk}`);
  const text = answer.text();
  gateway.child.kill("SIGTERM");
  await gateway.logged(({ type }) => type === "stopping");
  await soon(200);
  assert.equal(gateway.child.exitCode, null);
  upstream.end("end");
  assert.equal(await text, "begin end");
  assert.deepEqual(await within(gateway.exited), [0, null]);
});

test("who reads slowly gets the end of an answer, too, before it ends", async (t) => {
  const row = { id: "E1", name: "€".repeat(1_000) };
  const rows = Array.from({ length: 3_500 }, () => row);
  const { args } = await anaplan(t, (_, response) => json(response, { exports: rows }));
  const gateway = await startGateway(t, args);
  const slow = await socketTo(t, gateway.port);
  slow.socket.pause();
  slow.socket.write(
    `GET /anaplan${model}/exports HTTP/1.1\r\nHost: 127.0.0.1:${gateway.port}\r\n\r\n`,
  );
  // All of it is written by then, and more than the system holds of it waits in the process.
  await gateway.logged(({ type }) => type === "served");
  await soon(200);
  gateway.child.kill("SIGTERM");
  await gateway.logged(({ type }) => type === "stopping");
  await soon(200);
  slow.socket.resume();
  await within(slow.closed);
  const [head, body] = slow.text().split("\r\n\r\n");
  assert.equal(body.length, Number(/^content-length: (\d+)/im.exec(head)[1]));
  assert.equal(JSON.parse(body).exports.length, rows.length);
  assert.deepEqual(await within(gateway.exited), [0, null]);
});

test("what is under way when the grace is over is cut off", async (t) => {
  const { args, asked } = await anaplan(t, () => {});
  const gateway = await startGateway(t, [...args, "--grace", "1"]);
  const cut = assert.rejects(fetch(`${gateway.origin}/anaplan${task}`), TypeError);
  while (!asked.length) await soon(20);
  const before = performance.now();
  gateway.child.kill("SIGTERM");
  assert.deepEqual(await within(gateway.exited), [0, null]);
  assert.ok(performance.now() - before > 900);
  await cut;
  const { level, message } = gateway.log().at(-1);
  assert.equal(level, "warn");
  assert.match(message, /cut off/);
});

test("a second signal ends it at once", async (t) => {
  const { args, asked } = await anaplan(t, () => {});
  const gateway = await startGateway(t, args);
  const cut = assert.rejects(fetch(`${gateway.origin}/anaplan${task}`), TypeError);
  while (!asked.length) await soon(20);
  gateway.child.kill("SIGTERM");
  await gateway.logged(({ type }) => type === "stopping");
  assert.equal(gateway.child.exitCode, null);
  gateway.child.kill("SIGINT");
  assert.deepEqual(await within(gateway.exited), [0, null]);
  await cut;
});
