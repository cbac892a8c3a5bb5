// The installed package in Node: by import, by require, as a command, and as workerd takes it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answerTask, ref } from "../support/anaplan.mjs";
import { consumer } from "../support/packed.mjs";
import { runProgram } from "../support/process.mjs";
import { serve } from "../support/server.mjs";
import { npm } from "../../scripts/run.mjs";

const use = `
  connect({ baseUrl: process.argv[2], auth: "token" }).then(async (anaplan) => {
    const status = await anaplan.task(${JSON.stringify(ref)}).status();
    console.log(status.phase);
  });
`;

const forms = [
  { name: "import", file: "esm.mjs", text: `import { connect } from "anaplan-tasks"; ${use}` },
  {
    name: "require",
    file: "cjs.cjs",
    text: `const { connect } = require("anaplan-tasks"); ${use}`,
  },
];

for (const { name, file, text } of forms) {
  test(`${name} works, sends the token, and lets Node end`, async (t) => {
    const { url, tokens } = await taskServer(t);
    const folder = await consumer(name, { [file]: text });
    const { code, stdout, stderr } = await runProgram(process.execPath, [file, url], {
      cwd: folder,
    });
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "running\n", stderr: "" });
    assert.deepEqual(tokens, ["AnaplanAuthToken token"]);
  });
}

for (const [name, file, text] of [
  [
    "import",
    "element.mjs",
    `import { AnaplanTaskStatus } from "anaplan-tasks/element";
     import { AnaplanTaskStatus as Class } from "anaplan-tasks/element/class";
     import * as react from "anaplan-tasks/element/react";
     console.log(AnaplanTaskStatus === Class, typeof Class, Object.keys(react).length);`,
  ],
  [
    "require",
    "element.cjs",
    `const { AnaplanTaskStatus } = require("anaplan-tasks/element");
     const { AnaplanTaskStatus: Class } = require("anaplan-tasks/element/class");
     const react = require("anaplan-tasks/element/react");
     console.log(AnaplanTaskStatus === Class, typeof Class, Object.keys(react).length);`,
  ],
]) {
  test(`${name} of the element is harmless on a server`, async () => {
    const folder = await consumer(`element-${name}`, { [file]: text });
    const { code, stdout, stderr } = await runProgram(process.execPath, [file], { cwd: folder });
    const said = "true function 0\n";
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: said, stderr: "" });
  });
}

// workerd hands out a .wasm file as a compiled module, and so does this loader. That the entry has
// no bytes of its own to compile is shown beside the tarball's contents.
const wasmAsModule = `
  import { register } from "node:module";
  register("data:text/javascript," + encodeURIComponent(\`
    export async function load(url, context, next) {
      if (!url.endsWith(".wasm")) return next(url, context);
      const source = 'import { readFileSync } from "node:fs";' +
        'export default new WebAssembly.Module(readFileSync(new URL(' + JSON.stringify(url) + ')));';
      return { format: "module", source, shortCircuit: true };
    }
  \`));
`;

test("the workerd condition takes the core as a compiled module", async (t) => {
  const { url } = await taskServer(t);
  const folder = await consumer("workerd", {
    "loader.mjs": wasmAsModule,
    "app.mjs": `import { connect } from "anaplan-tasks"; ${use}`,
  });
  const args = ["--import", "./loader.mjs", "--conditions", "workerd", "app.mjs", url];
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: folder });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "running\n", stderr: "" });
});

test("the wasm file can be found by its own name", async () => {
  const folder = await consumer("file", {
    "app.mjs": `
      import { readFile } from "node:fs/promises";
      const file = new URL(import.meta.resolve("anaplan-tasks/core.wasm"));
      console.log(WebAssembly.validate(await readFile(file)));
    `,
  });
  const { stdout } = await runProgram(process.execPath, ["app.mjs"], { cwd: folder });
  assert.equal(stdout, "true\n");
});

test("npx anaplan-tasks --help works", async () => {
  const folder = await consumer("command");
  // --no: never fetch a package of that name in place of the installed one.
  const [program, args] = npm("exec", "--no", "--", "anaplan-tasks", "--help");
  const { code, stdout } = await runProgram(program, args, { cwd: folder });
  assert.equal(code, 0);
  assert.match(stdout, /Usage/i);
});

async function taskServer(t) {
  const tokens = [];
  const url = await serve(t, (request, response) => {
    tokens.push(request.headers.authorization);
    if (!answerTask(request, response, "/2/0")) response.writeHead(404).end();
  });
  return { url: `${url}/2/0`, tokens };
}
