// One promise on two platforms: a scenario runs in Node and, word for word, in a page.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { launchBrowser, openPage } from "./browser.mjs";
import { files, serve } from "./server.mjs";
import { at } from "../../scripts/project.mjs";

/** What every scenario's run gets beside `connect`: a server's address, and ids to ask it for. */
const model = { workspaceId: "W", modelId: "M", exportId: "E" };

/**
 * @param name what is promised
 * @param answer `(request, response, log)`: the server, misbehaving as it likes
 * @param input plain data for the run
 * @param run runs in Node or in the page, so it may use nothing from around it; gives plain data
 * @param check `(result, log)`: log holds `{ method, url, at, headers }` of each request
 */
export function scenario(name, { input, answer, run, check }) {
  scenarios.push({ name, input, answer, run, check });
}

const scenarios = [];

/**
 * Runs them all, everywhere, next to each other: most only wait.
 * @param entry what Node imports
 * @param inPages what a page imports: the same, by its path below the project's folder
 * @param apart whether Node, too, loads it for each of them
 */
export function runScenarios(entry, { inPages = "/pkg/index.js", apart = false } = {}) {
  describe("in Node", { concurrency: true }, () => {
    for (const { name, input, answer, run, check } of scenarios) {
      test(name, async (t) => {
        const { base, log } = await listen(t, answer);
        const given = { baseUrl: `${base}/2/0`, model, input };
        const copy = await import(apart ? `${entry}?${encodeURIComponent(name)}` : entry);
        check(await run({ ...copy, ...given }), log);
      });
    }
  });

  // Each page loads its own core, which on a busy machine is no matter of waiting.
  describe("in Chromium", { concurrency: 8 }, () => {
    let browser;
    after(async () => (await browser)?.close());
    for (const { name, input, answer, run, check } of scenarios) {
      test(name, async (t) => {
        const { base, log } = await listen(t, answer);
        const { page, errors } = await openPage(t, await (browser ??= launchBrowser()));
        await page.goto(`${base}/blank`);
        const result = await page.evaluate(inPage, [inPages, String(run), { model, input }]);
        check(result, log);
        // As in Node, where one ends the test. An answer that is an error is printed as one, too.
        const uncaught = errors.filter((text) => !text.startsWith("Failed to load resource"));
        assert.deepEqual(uncaught, []);
      });
    }
  });
}

/* c8 ignore next: it runs in the page. */
async function inPage([path, run, given]) {
  const entry = await import(path);
  const call = (0, eval)(`"use strict"; (${run})`);
  return call({ ...entry, baseUrl: "/2/0", ...given });
}

async function listen(t, answer) {
  const log = [];
  const page = files(at());
  const base = await serve(t, (request, response) => {
    if (request.url === "/blank") {
      return response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>");
    }
    if (!request.url.startsWith("/2/0/")) return page(request, response);
    const { method, url, headers } = request;
    const entry = { method, url, headers, at: performance.now(), task: url.split("/").at(-1) };
    log.push(entry);
    return answer(request, response, { ...entry, log });
  });
  return { base, log };
}
