// One promise on two platforms: a scenario runs in Node and, word for word, in a page.
import { after, describe, test } from "node:test";
import { launchBrowser, openPage } from "./browser.mjs";
import { files, serve } from "./server.mjs";
import { at } from "../../scripts/project.mjs";

/** What every scenario's run gets beside `connect`: a server's address, and ids to ask it for. */
const model = { workspaceId: "W", modelId: "M", exportId: "E" };

/**
 * @param name what is promised
 * @param answer `(request, response, log)`: the server, misbehaving as it likes
 * @param run runs in Node or in the page, so it may use nothing from around it; gives plain data
 * @param check `(result, log)`: log holds `{ method, url, at, headers }` of each request
 */
export function scenario(name, { answer, run, check }) {
  scenarios.push({ name, answer, run, check });
}

const scenarios = [];

/** Runs them all, everywhere, next to each other: most only wait. */
export function runScenarios(entry) {
  describe("in Node", { concurrency: true }, () => {
    for (const { name, answer, run, check } of scenarios) {
      test(name, async (t) => {
        const { base, log } = await listen(t, answer);
        check(await run({ ...(await import(entry)), baseUrl: `${base}/2/0`, model }), log);
      });
    }
  });

  describe("in Chromium", { concurrency: true }, () => {
    let browser;
    after(async () => (await browser)?.close());
    for (const { name, answer, run, check } of scenarios) {
      test(name, async (t) => {
        const { base, log } = await listen(t, answer);
        const { page } = await openPage(t, await (browser ??= launchBrowser()));
        await page.goto(`${base}/blank`);
        const result = await page.evaluate(inPage, [String(run), model]);
        check(result, log);
      });
    }
  });
}

/* c8 ignore next: it runs in the page. */
async function inPage([run, model]) {
  const entry = await import("/pkg/index.js");
  const call = (0, eval)(`"use strict"; (${run})`);
  return call({ ...entry, baseUrl: "/2/0", model });
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
