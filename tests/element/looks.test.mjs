// What it looks like, in every state, beside pictures that were found good.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { ids, misplaced, openElements, said } from "../support/element.mjs";
import { openGallery, states } from "../support/gallery.mjs";
import { assertFont, assertLooks, font } from "../support/picture.mjs";
import { json } from "../support/server.mjs";

let browser;

before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const style = `
  body { margin: 0 }
  h1 { display: none }
  anaplan-task-status { --anaplan-font: 16px/1.5 "${font}", sans-serif }
`;
const columns = 6;
const rows = Math.ceil(Object.keys(states).length / columns);
const still = { reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" };

// Each in a cell of its own, so that one that grows moves no other.
const sizes = { cards: { width: 496, height: 400 }, rows: { width: 496, height: 208 } };

test("is the same in every state, light and dark, card and row", async (t) => {
  const { page } = await openGallery(t, browser, {
    ...still,
    viewport: { width: columns * 496, height: rows * 400 },
    css: `${style}
      main { display: grid; grid-template-columns: repeat(${columns}, 496px) }
      section { box-sizing: border-box; block-size: 400px; padding: 8px; overflow: clip }
      .rows section { block-size: 208px }`,
  });
  await assertFont(page);
  for (const [layout, { width, height }] of Object.entries(sizes)) {
    await page.evaluate((layout) => {
      document.querySelector("main").className = layout;
      for (const element of document.querySelectorAll("anaplan-task-status")) {
        element.compact = layout === "rows";
      }
    }, layout);
    const cells = Object.keys(states).map((name, at) => ({
      name,
      ...{ x: (at % columns) * width, y: Math.floor(at / columns) * height, width, height },
    }));
    const clip = { x: 0, y: 0, width: columns * width, height: rows * height };
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      const screenshot = await page.screenshot({ clip, animations: "disabled" });
      const file = at("tests", "element", "references", `${layout}-${colorScheme}.png`);
      assertLooks(screenshot, file, cells);
    }
  }
});

test("is what the README shows", async (t) => {
  const labels = {
    running: "Margin by product",
    cancelling: "Cost centres",
    failed: "Head count plan",
    saved: "Revenue by region",
  };
  const { page, element } = await openGallery(t, browser, {
    ...still,
    names: Object.keys(labels),
    colorScheme: "light",
    deviceScaleFactor: 2,
    viewport: { width: 600, height: 600 },
    css: `${style} main { display: grid; gap: 12px; padding: 20px; background: #f4f6f4 }`,
  });
  for (const [name, label] of Object.entries(labels)) {
    await element(name).evaluate((element, label) => {
      element.startable = false;
      element.label = label;
      return element.updateComplete;
    }, label);
  }
  const screenshot = await page.locator("main").screenshot({ animations: "disabled" });
  assertLooks(screenshot, at("docs", "element.png"));
});

test("rows of a list line up", async (t) => {
  const { page } = await openGallery(t, browser, {
    ...still,
    isCompact: true,
    viewport: { width: 800, height: 600 },
    names: ["waiting", "running", "unmeasured", "cancelling", "cancelled", "succeeded", "failed"],
    css: style,
  });
  const edges = await page.evaluate(async () => {
    const labels = [
      "Costs",
      "Revenue by region",
      "An export with a name that is so long that it wraps",
    ];
    const elements = [...document.querySelectorAll("anaplan-task-status")];
    elements.forEach((element, at) => {
      element.label = labels[at % labels.length];
      element.startable = false;
    });
    await Promise.all(elements.map(({ updateComplete }) => updateComplete));
    const edgesOf = (selector, edge) =>
      elements
        .map(({ shadowRoot }) => shadowRoot.querySelector(selector))
        .filter(Boolean)
        .map((part) => Math.round(part.getBoundingClientRect()[edge]));
    return {
      names: edgesOf("#name", "left"),
      states: edgesOf(".state", "left"),
      times: edgesOf("[part=time]", "left"),
      buttons: edgesOf(".buttons", "right"),
    };
  });
  for (const [what, places] of Object.entries(edges)) {
    assert.ok(places.length > 2, what);
    assert.equal(new Set(places).size, 1, `${what}: ${places}`);
  }
});

test("of a narrow column of a table, no state is cut off", async (t) => {
  const { page } = await openGallery(t, browser, {
    ...still,
    isCompact: true,
    names: ["running", "cancelling", "succeeded", "failed"],
    css: `${style} section { inline-size: 120px }`,
  });
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll("anaplan-task-status")]
      .map(({ shadowRoot }) => ({
        edge: shadowRoot.querySelector(".what").getBoundingClientRect().right,
        state: shadowRoot.querySelector(".state"),
      }))
      .filter(({ edge, state }) =>
        [state, ...state.children].some((one) => one.getBoundingClientRect().right > edge + 1),
      )
      .map(({ state }) => state.textContent),
  );
  assert.deepEqual(cut, []);
});

test("wraps its lines where the page around it does not", async (t) => {
  for (const isCompact of [false, true]) {
    const { page } = await openGallery(t, browser, {
      ...still,
      isCompact,
      viewport: { width: 400, height: 600 },
      names: ["running", "failed"],
      css: style,
    });
    const heights = () =>
      page.evaluate(() =>
        [...document.querySelectorAll("anaplan-task-status")].map((one) => one.offsetHeight),
      );
    const before = await heights();
    for (const space of ["nowrap", "pre", "pre-wrap"]) {
      await page.evaluate(
        (space) => (document.querySelector("main").style.whiteSpace = space),
        space,
      );
      assert.deepEqual(await heights(), before, space);
      assert.deepEqual(await misplaced(page), [], space);
    }
  }
});

test("makes no page longer or wider that has it in a list of its own scrolling", async (t) => {
  const list = `<anaplan-task-status base-url="/anaplan" ${ids} export-id="E1" task-id="T1" compact></anaplan-task-status>`;
  const { page, open } = await openElements(
    t,
    browser,
    `<div>${`<p>${list}</p>`.repeat(30)}</div>`,
    {
      viewport: { width: 800, height: 600 },
      tasks: { T1: said.running },
      css: "div { inline-size: 300px; block-size: 300px; overflow: auto } p { margin-inline-start: 1000px; inline-size: 300px }",
    },
  );
  await open();
  await page.locator("anaplan-task-status:state(running)").last().waitFor();
  const size = await page.evaluate(() => {
    const { scrollWidth, scrollHeight } = document.documentElement;
    return [scrollWidth, scrollHeight];
  });
  assert.deepEqual(size, [800, 600]);
});

test("is recorded from start to cancelled", async (t) => {
  let progress = 0;
  let state = "waiting";
  const tasks = {
    T1({ method }) {
      if (method === "DELETE") state = "cancelling";
      return {
        taskId: "T1",
        ...said[state],
        creationTime: 1_700_000_000_000,
        ...(state === "running" && { progress }),
      };
    },
  };
  const { page, open } = await openElements(
    t,
    browser,
    `<anaplan-task-status base-url="/anaplan" ${ids} export-id="E1" label="Revenue by region" no-history
      startable cancelable></anaplan-task-status>`,
    {
      ...still,
      tasks,
      lists: { E1: [] },
      viewport: { width: 520, height: 260 },
      css: `${style} body { margin: 20px }`,
      other(request, response) {
        response.sendDate = false;
        if (request.method !== "POST") return false;
        json(response, { task: { taskId: "T1" } });
        return true;
      },
    },
  );
  await page.clock.install({ time: 1_699_999_400_000 });
  await page.clock.pauseAt(1_700_000_000_000);
  await page.addInitScript(() => {
    window.phases = [];
    addEventListener("anaplan-status", ({ detail }) => phases.push(detail.status.phase));
  });
  await open();
  const element = page.locator("anaplan-task-status");

  const folder = at("tests", "output", "recording");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const texts = [];
  async function frame() {
    const text = await element.locator(".now").innerText();
    texts.push(text.replace(/\s+/g, " "));
    const name = `${String(texts.length).padStart(2, "0")}.png`;
    writeFileSync(`${folder}/${name}`, await page.screenshot({ animations: "disabled" }));
  }
  /** Time goes on until the next answer has come and shows. */
  async function next(shown) {
    const text = element.locator("#card").getByText(shown).first();
    for (let seconds = 0; seconds < 60 && !(await text.isVisible()); seconds++) {
      await page.clock.runFor(1_000);
    }
    await text.waitFor();
    await frame();
  }

  await element.getByText("No run yet").waitFor();
  await frame();
  await element.getByRole("button", { name: /^Start/ }).click();
  await element.getByText("Waiting").first().waitFor();
  await frame();
  state = "running";
  for (progress of [0.1, 0.35, 0.6]) await next(`${100 * progress}%`);
  await element.getByRole("button", { name: /^Cancel/ }).click();
  await element.getByText(/^Ask Anaplan to cancel/).waitFor();
  await frame();
  await element.getByRole("button", { name: "Cancel the task" }).click();
  await next("Cancelling");
  state = "cancelled";
  await next("Cancelled");

  const phases = await page.evaluate(() => window.phases);
  assert.deepEqual(
    phases.filter((phase, at) => phase !== phases[at - 1]),
    ["waiting", "running", "cancelling", "cancelled"],
  );
  const states = texts.map((text) => text.replace(/^·? ?(No run yet|\w+).*/, "$1"));
  assert.deepEqual(states, [
    "No run yet",
    "Waiting",
    "Running",
    "Running",
    "Running",
    "Running",
    "Cancelling",
    "Cancelled",
  ]);
});
