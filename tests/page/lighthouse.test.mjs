// What Chrome's own auditor finds fault with: nothing.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import lighthouse, { desktopConfig } from "lighthouse";
import { at } from "../../scripts/project.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { files, serve } from "../support/server.mjs";

const onlyCategories = ["accessibility", "best-practices"];

for (const [device, config] of [
  ["a phone", undefined],
  ["a desktop", desktopConfig],
]) {
  test(`Lighthouse gives full marks for accessibility and best practices on ${device}`, async (t) => {
    const port = await freePort();
    const browser = await launchBrowser({ args: [`--remote-debugging-port=${port}`] });
    t.after(() => browser.close());
    const url = await serve(t, files(at("www")));
    const { lhr } = await lighthouse(url, { port, onlyCategories, logLevel: "error" }, config);
    assert.equal(lhr.runtimeError, undefined);
    const faults = Object.values(lhr.audits)
      .filter(({ score, scoreDisplayMode }) => scoreDisplayMode === "binary" && score !== 1)
      .map(({ id, title, details }) => ({ id, title, found: details?.items?.slice(0, 3) }));
    assert.deepEqual(faults, []);
    const scores = onlyCategories.map((name) => lhr.categories[name].score);
    assert.deepEqual(scores, [1, 1]);
  });
}

/** One that nobody listens at; browsers take only a number. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
