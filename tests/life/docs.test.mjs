// The examples of docs/life-of-an-export.md, run as they stand there, against a simulator.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { remoteOf } from "../support/life.mjs";
import { runProgram } from "../support/process.mjs";

let blocks;
before(async () => {
  const text = await readFile(at("docs", "life-of-an-export.md"), "utf8");
  blocks = [...text.matchAll(/```(\w+)\n([^]*?)```/g)].map(([, language, code]) => {
    const [, file] = /^\/\/ (\S+)\n/.exec(code) ?? [];
    return { language, code, file };
  });
});

/** What stands in for a database: it keeps what is copied in a file. */
const stubs = {
  "node_modules/pg/index.js": `export default { Client: class {
    async connect() {}
    query(copy) { return copy; }
    async end() {}
  } };`,
  "node_modules/pg-copy-streams/index.js": `import { createWriteStream, writeFileSync } from "node:fs";
    export function from(sql) { writeFileSync("./sql", sql); return createWriteStream("./copied"); }`,
  "node_modules/pg/package.json": '{ "type": "module", "exports": "./index.js" }',
  "node_modules/pg-copy-streams/package.json": '{ "type": "module", "exports": "./index.js" }',
};

/** The example in a folder of its own, below this package so that it finds it by its name. */
async function example(t, file, { files = {}, faults, onLine } = {}) {
  const folder = at("tests", "output", `life-${file.replace(/\W+/g, "-")}`);
  await rm(folder, { recursive: true, force: true });
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { origin, call } = await remoteOf(t);
  const { user, password, oauth, workspaceId, models } = await call("describe");
  if (faults) await call("set", faults);
  const adapted = (text) =>
    text
      .replace("connect({ auth:", `connect({ baseUrl: "${origin}/2/0", auth:`)
      .replace("password } }", `password }, authUrl: "${origin}" }`)
      .replace("{ certificate } })", `{ certificate, authUrl: "${origin}" } })`)
      .replace("{ oauth } })", `{ oauth, oauthUrl: "${origin}" } })`);
  const written = blocks.filter((one) => ["anaplan.js", file].includes(one.file));
  for (const { file, code } of written) files[file] = adapted(code);
  for (const [name, text] of Object.entries({ ...stubs, ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const env = {
    PATH: process.env.PATH,
    ANAPLAN_USER: user,
    ANAPLAN_PASSWORD: password,
    ANAPLAN_WORKSPACE: workspaceId,
    ANAPLAN_MODEL: models[0].modelId,
    ANAPLAN_CLIENT_ID: oauth.clientId,
  };
  const run = async () => {
    const child = spawn(process.execPath, [file], { cwd: folder, env });
    t.after(() => child.kill("SIGKILL"));
    let output = "";
    const listen = (chunk) => {
      output += chunk;
      onLine?.(String(chunk), call);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const hurry = setInterval(() => call("advance", 20_000).catch(() => {}), 1_000);
    const [code] = await once(child, "close");
    clearInterval(hurry);
    assert.equal(code, 0, output);
    return output;
  };
  const path = (name) => join(folder, name);
  return { run, call, path, read: (name) => readFileSync(path(name), "utf8") };
}

describe("each example works", { concurrency: 2 }, () => {
  test("and none is left out", () => {
    const files = blocks.filter(({ language }) => language === "js").map(({ file }) => file);
    assert.deepEqual(files, [
      "anaplan.js",
      "export.js",
      "copy.js",
      "import.js",
      "process.js",
      "careful.js",
      "certificate.js",
      "oauth.js",
    ]);
    assert.deepEqual(
      blocks.filter(({ language }) => language !== "js").map(({ language }) => language),
      ["sh"],
    );
  });

  test("export.js", async (t) => {
    const { run, read, path } = await example(t, "export.js");
    assert.equal(await run(), "Grid – Revenue by region.csv: 2 chunks\n");
    assert.equal(read("revenue.csv").split("\n").length, 1_202);
    assert.equal(existsSync(path("revenue.csv.partial")), false);
  });

  test("copy.js", async (t) => {
    const { run, read } = await example(t, "copy.js");
    await run();
    assert.match(read("sql"), /^COPY revenue/);
    assert.equal(read("copied").split("\n").length, 1_202);
  });

  test("import.js", async (t) => {
    const files = { "regions.csv": "Region,Month,Revenue\nZürich,Jan,1\n,Feb,2\n" };
    const { run, read } = await example(t, "import.js", { files });
    assert.match(await run(), /^true .*1/);
    assert.match(read("refused.csv"), /^_Status_.*\nE,,Feb,2,3,/);
  });

  test("process.js", async (t) => {
    const { run, read } = await example(t, "process.js");
    assert.equal(await run(), "failed\nClear succeeded\nLoad failed\n");
    assert.equal(read("112000000002-dump.csv").split("\n").length, 5);
  });

  test("careful.js", async (t) => {
    const { run, call } = await example(t, "careful.js");
    assert.match(await run(), /^started [0-9A-F]{32}\n$/);
    // Neither the answer nor the list can be had.
    await call("set", { failures: [{ answer: 503, on: ["start", "tasks"], executed: true }] });
    assert.equal(await run(), "");
  });

  test("certificate.js, with the commands before it", async (t) => {
    const [{ code }] = blocks.filter(({ language }) => language === "sh");
    const self = "openssl req -x509 -new -key key.pem -subj /CN=x -days 2 -out certificate.pem";
    const { run, path } = await example(t, "certificate.js");
    const made = await runProgram("sh", ["-ec", `${code}\n${self}`], {
      cwd: dirname(path("key.pem")),
    });
    assert.equal(made.code, 0, made.stderr);
    assert.equal(statSync(path("key.pem")).mode & 0o777, 0o600);
    assert.equal(await run(), "signed in\n");
  });

  test("oauth.js, the first time and the second", async (t) => {
    const onLine = (text, call) => {
      const [, code] = /^Sign in at http\S+ with (\S+)/.exec(text) ?? [];
      if (code) void call("approve", code);
    };
    const { run, read, path } = await example(t, "oauth.js", { onLine });
    assert.match(await run(), /^Sign in at .*\nsigned in\n$/);
    const first = read("refresh-token");
    assert.equal(statSync(path("refresh-token")).mode & 0o777, 0o600);
    assert.equal(await run(), "signed in\n");
    assert.notEqual(read("refresh-token"), first);
  });
});
