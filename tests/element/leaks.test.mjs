// That many elements cost little, and nothing once they are gone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { ids, openElements, said, startedAt } from "../support/element.mjs";

let browser;

before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

test("500 that are removed leave nothing behind", async (t) => {
  const names = Array.from({ length: 500 }, (_, at) => `T${at}`);
  const tasks = Object.fromEntries(names.map((taskId) => [taskId, { taskId, ...said.running }]));
  const { page, open } = await openElements(t, browser, "", { tasks });
  await page.clock.install({ time: startedAt });
  await open();
  const cdp = await page.context().newCDPSession(page);
  const bytes = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  /** How many of them there are, whether on the page or not. */
  const count = async () => {
    const expression = "customElements.get('anaplan-task-status').prototype";
    const { result } = await cdp.send("Runtime.evaluate", { expression });
    const { objects } = await cdp.send("Runtime.queryObjects", {
      prototypeObjectId: result.objectId,
    });
    const functionDeclaration = "function () { return this.length }";
    const call = { objectId: objects.objectId, functionDeclaration, returnByValue: true };
    const { result: length } = await cdp.send("Runtime.callFunctionOn", call);
    await cdp.send("Runtime.releaseObject", { objectId: objects.objectId });
    return length.value;
  };

  const base = await count();
  // What is loaded and made once stays.
  await comeAndGo(page, names.slice(0, 50));
  const before = await bytes();
  await comeAndGo(page, names);
  // The browser itself keeps one or two until its next pictures.
  for (let tries = 0; tries < 50 && (await count()) > base; tries++) {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    await page.clock.runFor(1_000);
  }
  assert.equal(await count(), base);
  const left = (await bytes()) - before;
  // Each took ten times that.
  assert.ok(left < 500 * 1_000, `${left} bytes are left`);
});

/** Elements for these tasks come, tick, are asked a question, have focus, and go. */
async function comeAndGo(page, names) {
  await page.evaluate(async (names) => {
    await customElements.whenDefined("anaplan-task-status");
    const main = document.querySelector("main");
    for (const [at, taskId] of names.entries()) {
      const element = document.createElement("anaplan-task-status");
      const action = { workspaceId: "W1", modelId: "M1", exportId: "E1" };
      const baseUrl = `/anaplan-${at % 50}`;
      Object.assign(element, { baseUrl, ...action, taskId, cancelable: true, noHistory: true });
      main.append(element);
    }
  }, names);
  await page.waitForFunction(() =>
    [...document.querySelector("main").children].every(({ status }) => status),
  );
  await page.locator("anaplan-task-status").first().getByRole("button").click();
  await page.clock.runFor(3_000);
  await page.evaluate(() => document.querySelector("main").replaceChildren());
  // What the pointer was on the browser itself keeps, until it is on something else.
  await page.mouse.click(1, 1);
  // The clients are kept for as long as they must remember when they asked.
  await page.clock.runFor(6_000);
}

test("one that is out of view is told the time less often, and at once when it comes into view", async (t) => {
  const element = (id) =>
    `<anaplan-task-status id="${id}" base-url="/anaplan" ${ids} export-id="E1" task-id="${id}"
      no-history></anaplan-task-status>`;
  const { page, open } = await openElements(
    t,
    browser,
    `${element("seen")}<div></div>${element("below")}`,
    {
      tasks: Object.fromEntries(
        ["seen", "below"].map((id) => [id, { taskId: id, ...said.running }]),
      ),
      css: "div { block-size: 5000px }",
      other(_, response) {
        response.sendDate = false;
        return false;
      },
    },
  );
  await page.clock.install({ time: startedAt });
  await page.clock.pauseAt(startedAt + 600_000);
  await open();
  const time = (id) => page.locator(`#${id} [part=time]`).innerText();
  await page.locator("#below [part=time]").waitFor();
  // The browser says what is in view with the next picture.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const views = new IntersectionObserver(() => resolve(views.disconnect()));
        views.observe(document.querySelector("#below"));
      }),
  );
  const shown = { seen: new Set(), below: new Set() };
  for (let second = 0; second < 15; second++) {
    await page.clock.runFor(1_000);
    for (const id of ["seen", "below"]) shown[id].add((await time(id)).replace("· ", ""));
  }
  assert.equal(shown.seen.size, 15, [...shown.seen].join());
  assert.ok(shown.below.size <= 2, [...shown.below].join());
  // But once in a while it is told.
  assert.notDeepEqual([...shown.below], ["10m 00s"]);
  await page.locator("#below").scrollIntoViewIfNeeded();
  await page.locator("#below").getByText("10m 15s").waitFor();
});
