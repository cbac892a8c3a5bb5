// The examples, with the packed package beside them: built, run, and used as people would.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import * as vite from "vite";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { consumer, lend } from "../support/packed.mjs";
import { runProgram } from "../support/process.mjs";
import { files, json, serve } from "../support/server.mjs";

/** The example in a folder far from here, with what its package.json asks for. */
async function installed(name, use = "run") {
  const folder = await consumer(`example-${name}-${use}`);
  // Without what whoever tried it has installed there.
  const filter = (path) => !/^(node_modules|dist)$/.test(basename(path));
  cpSync(at("examples", name), folder, { recursive: true, filter });
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(join(folder, "package.json"), "utf8"),
  );
  const packages = Object.keys({ ...dependencies, ...devDependencies });
  lend(
    folder,
    packages.filter((name) => name !== "anaplan-tasks"),
  );
  return folder;
}

describe("the examples", () => {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  for (const name of ["react", "vue", "svelte"]) {
    test(name, async (t) => {
      const folder = await installed(name);
      const build = { chunkSizeWarningLimit: 1_000 };
      await vite.build({ root: folder, logLevel: "warn", build });
      const { url, calls } = await site(t, join(folder, "dist"));
      const { page, errors } = await openPage(t, browser);
      await page.clock.install();
      await page.goto(url);
      await page.getByRole("button", { name: "Export it" }).click();
      await cancels(page);
      await page.clock.fastForward(10_000);
      await page.getByText("The export cancelled.").waitFor();
      assert.equal(calls.filter((call) => call.startsWith("DELETE")).length, 1);
      assert.deepEqual(errors, []);
    });
  }

  for (const name of ["html", "server-rendering"]) {
    test(name, async (t) => {
      const url = await started(t, await installed(name));
      const { page, errors } = await openPage(t, browser);
      await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
      await page.goto(url);
      await page.getByRole("button", { name: "Start Revenue by region" }).click();
      await cancels(page);
      await page.getByText("The last export cancelled.").waitFor();
      assert.deepEqual(errors, []);
    });
  }

  test("a page from a server says what it is without a script", async (t) => {
    const url = await started(t, await installed("server-rendering", "read"));
    const { page } = await openPage(t, browser, { javaScriptEnabled: false });
    await page.goto(url);
    await page.getByText("Revenue by region: its state needs JavaScript.").waitFor();
  });

  for (const [name, tool, ...args] of [
    ["react", "typescript/bin/tsc"],
    ["vue", "vue-tsc/bin/vue-tsc.js"],
    ["svelte", "svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json"],
  ]) {
    test(`the types are right in ${name}`, async () => {
      const cwd = await installed(name, "check");
      const run = [at("node_modules", tool), ...args];
      const { code, stdout } = await runProgram(process.execPath, run, { cwd });
      assert.equal(code, 0, stdout);
    });
  }
});

/** A person cancels, and says so when asked. */
async function cancels(page) {
  const card = page.getByRole("group", { name: "Revenue by region", exact: true });
  await card.getByRole("button", { name: "Cancel Revenue by region" }).click();
  await card.getByRole("button", { name: "Cancel the task" }).click();
}

/** The example's own server, with a simulated Anaplan. */
async function started(t, folder) {
  const env = { PATH: process.env.PATH, PORT: "0" };
  const server = spawn(process.execPath, ["server.js"], { cwd: folder, env });
  t.after(() => server.kill("SIGKILL"));
  let said = "";
  server.stderr.on("data", (text) => (said += text));
  for await (const text of server.stdout) {
    said += text;
    const [url] = /http:\S+/.exec(said) ?? [];
    if (url) return url;
  }
  throw new Error(said);
}

/** What was built, with an Anaplan that runs a task until it is cancelled. */
async function site(t, folder) {
  const calls = [];
  const asset = files(folder);
  let taskState = "IN_PROGRESS";
  const url = await serve(t, (request, response) => {
    const { method, url } = request;
    if (url === "/favicon.ico") return response.writeHead(204).end();
    if (!url.startsWith("/anaplan/")) return asset(request, response);
    calls.push(`${method} ${url}`);
    const answer = { taskId: "T1", taskState, creationTime: Date.now() };
    if (method === "DELETE") taskState = "CANCELLED";
    json(response, { task: answer });
  });
  return { url, calls };
}
