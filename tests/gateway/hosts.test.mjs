// The examples of docs/gateway.md, run as they stand there, in servers of Node's.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { at } from "../../scripts/project.mjs";
import { answerTask } from "../support/anaplan.mjs";
import { json, serve } from "../support/server.mjs";

const path = "/anaplan/workspaces/W1/models/M1/exports/E1/tasks/T1";

const examples = new Map(
  [
    ...(await readFile(at("docs", "gateway.md"), "utf8")).matchAll(/```js\n\/\/ (.*)\n([^]*?)```/g),
  ].map(([, file, text]) => [file, text]),
);

/** An Anaplan that the examples are for: it gives a token, and has the task. */
async function anaplan(t) {
  return serve(t, (request, response) => {
    if (request.url === "/token/authenticate") {
      const { authorization } = request.headers;
      assert.equal(authorization, `Basic ${Buffer.from("u:p").toString("base64")}`);
      return json(response, { tokenInfo: { tokenValue: "got", expiresAt: 1e13 } }, 201);
    }
    const { method, url } = request;
    if (method === "GET" && answerTask(request, response, "/2/0")) return;
    if (method === "DELETE" && url.endsWith("/tasks/T1")) {
      return json(response, { task: { taskId: "T1", taskState: "CANCELLING" } });
    }
    json(response, {}, 404);
  });
}

/** The examples in files, below this package so that they find it by its name. */
async function written(t, file) {
  const folder = at("tests", "output", `host-${file.replace(/\W+/g, "-")}`);
  await rm(folder, { recursive: true, force: true });
  t.after(() => rm(folder, { recursive: true, force: true }));
  const url = await anaplan(t);
  const port = await freePort();
  for (const name of ["gateway.js", file]) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), adapted(examples.get(name), { url, port }));
  }
  return { folder, origin: `http://127.0.0.1:${port}` };
}

/** For an Anaplan and a port of the test's own; nothing else is. */
function adapted(text, { url, port }) {
  return text
    .replace("createGateway({", `createGateway({ baseUrl: "${url}/2/0",`)
    .replace("password } }", `password }, authUrl: "${url}/token" }`)
    .replaceAll("3000", String(port));
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** What every host must hand on: status and cancel, refusals, the address, and the origin. */
async function holds(ask, origin) {
  const status = await ask(new Request(origin + path));
  assert.equal(status.status, 200);
  assert.equal((await status.json()).task.progress, 0.5);
  const cancel = await ask(
    new Request(origin + path, { method: "DELETE", headers: { Origin: origin } }),
  );
  assert.equal(cancel.status, 200);
  // What another site's page asks for, what no rule allows, and what is not there.
  const forged = { method: "DELETE", headers: { Origin: "https://evil.example" } };
  assert.equal((await ask(new Request(origin + path, forged))).status, 403);
  const start = { method: "POST", headers: { Origin: origin }, body: '{"localeName":"en_US"}' };
  const refused = await ask(new Request(origin + path.replace("/T1", ""), start));
  assert.equal(refused.status, 403);
  assert.equal((await ask(new Request(`${origin}/anaplan/other`))).status, 404);
  const head = await ask(new Request(`${origin}/anaplan/healthz`));
  assert.equal(head.status, 200);
}

for (const file of ["node.js", "express.js", "hono.js"]) {
  test(`the example ${file} works`, async (t) => {
    const { folder, origin } = await written(t, file);
    const child = spawn(process.execPath, [join(folder, file)], {
      env: { ...process.env, ANAPLAN_USER: "u", ANAPLAN_PASSWORD: "p" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    t.after(() => child.kill("SIGKILL"));
    let stderr = "";
    child.stderr.on("data", (chunk) => (stderr += chunk));
    await listening(origin, () => assert.equal(child.exitCode, null, stderr));
    await holds(fetch, origin);
    assert.equal(stderr, "");
  });
}

test("the example for Next.js works", async (t) => {
  const file = "app/anaplan/[...path]/route.js";
  const { folder, origin } = await written(t, file);
  const before = { ...process.env };
  t.after(() => Object.assign(process.env, before));
  // As when it is built: it must load without them.
  const route = await import(pathToFileURL(join(folder, file)).href);
  Object.assign(process.env, { ANAPLAN_USER: "u", ANAPLAN_PASSWORD: "p" });
  assert.equal(route.dynamic, "force-dynamic");
  await holds((request) => route[request.method](request), origin);
});

/** Waits for a server of another process, which says nothing when it is ready. */
async function listening(origin, check) {
  for (;;) {
    check();
    try {
      await fetch(`${origin}/anaplan/healthz`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test("all examples are there, and each is what a parser takes", async () => {
  const { transform } = await import("esbuild");
  const names = [
    "gateway.js",
    "node.js",
    "express.js",
    "hono.js",
    "deno.js",
    "bun.js",
    "worker.js",
  ];
  for (const name of [...names, "app/anaplan/[...path]/route.js"]) {
    assert.ok(examples.has(name), name);
    await transform(examples.get(name), { format: "esm" });
  }
});
