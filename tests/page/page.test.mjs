// The page in a browser, served as a static host would serve it, below a path of its own.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { files, json, serve } from "../support/server.mjs";

// Nothing but the page's own files: what the simulated tenant needs.
const strict =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; img-src 'self' data:";

const phone = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
const path = "/workspaces/W1/models/M1/exports/E1/tasks/T1";

let browser;

before(async () => {
  mkdirSync(at("tests", "output"), { recursive: true });
  browser = await launchBrowser();
});
after(() => browser?.close());

// Alone: it is the one that is about time.
test("shows live tasks within two seconds, and soon one in every state", async (t) => {
  const { page, url, requests } = await open(t, { policy: strict });
  await row(page, "running").first().waitFor({ timeout: 2_000 });
  for (const phase of ["waiting", "cancelling", "succeeded", "failed", "cancelled"]) {
    await row(page, phase).first().waitFor();
  }
  const failed = row(page, "failed").last();
  assert.match(await failed.innerText(), /Failed[^]*Not authorised[^]*Salary/);
  await failed.getByText(/^The user that the credentials belong to may not run this/).waitFor();
  assert.match(await row(page, "waiting").innerText(), /Waiting[^]*Checked .*, next in \d+s/);
  assert.match(await page.locator("#summary").innerText(), /^1 waiting, 4 running, 1 cancelling/);
  await picture(page, "page-light.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "page-dark.png");
  // From where it was served, whatever path that is, and from nowhere else.
  assert.deepEqual(
    requests.filter((request) => !request.startsWith(url)),
    [],
  );
});

describe("the page", { concurrency: 6 }, () => {
  test("claims no progress that is not known", async (t) => {
    const { page } = await open(t);
    const [known, unknown] = ["Grid", "Inventory"].map((name) => newest(page, name));
    await is(known, "running");
    assert.match(await bar(known).getAttribute("aria-valuenow"), /^\d+$/);
    assert.match(await bar(known).getAttribute("aria-valuetext"), /^\d+%$/);
    await is(unknown, "running");
    assert.equal(await bar(unknown).getAttribute("aria-valuenow"), null);
    assert.equal(await bar(unknown).getAttribute("aria-valuetext"), null);
  });

  test("moves as the task does, and counts the time by itself", async (t) => {
    const { page } = await open(t);
    const running = newest(page, "Grid");
    await is(running, "running");
    const figure = running.locator("[data-part=percent]");
    const time = running.locator("[data-part=time]");
    const [first, since] = [await figure.innerText(), await time.innerText()];
    await differs(time, since);
    assert.equal(await figure.innerText(), first);
    await differs(figure, first);
    assert.ok(parseInt(await figure.innerText()) > parseInt(first));
  });

  test("cancels after a question, and says so when Anaplan does", async (t) => {
    const { page } = await open(t);
    const task = page.locator("#tasks > li").first();
    await task.getByRole("button", { name: /^Cancel Grid/ }).click();
    const question = task.getByRole("group", { name: /It may still finish/ });
    await question.waitFor();
    assert.match(await focused(page), /^Let it run/);
    assert.equal(await task.getAttribute("data-phase"), "running");
    await question.getByRole("button", { name: "Cancel the task" }).click();

    await is(task, "cancelling");
    assert.equal(await question.isVisible(), false);
    assert.match(await focused(page), /^Cancelling/);
    const button = task.getByRole("button", { name: /^Cancelling/ });
    assert.equal(await button.getAttribute("aria-disabled"), "true");
    await button.click({ force: true });
    assert.equal(await question.isVisible(), false);

    await is(task, "cancelled");
    assert.equal(await task.locator("[data-part=cancel]").isVisible(), false);
    // The button that had focus is gone; its row has it.
    assert.equal(await task.evaluate((li) => li === document.activeElement), true);
    await page
      .getByRole("status")
      .filter({ hasText: /Grid.*: cancelled/ })
      .waitFor();
  });

  test("cancels from the keyboard alone", async (t) => {
    const { page } = await open(t);
    const task = newest(page, "Inventory");
    await is(task, "running");
    for (let i = 0; i < 20 && !/^Cancel Inventory/.test(await focused(page)); i++) {
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
    assert.match(await focused(page), /^Let it run/);
    await page.keyboard.press("Escape");
    assert.match(await focused(page), /^Cancel Inventory/);
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    assert.match(await focused(page), /^Cancel the task/);
    await page.keyboard.press("Enter");
    await is(task, "cancelling");
    assert.match(await focused(page), /^Cancelling.* Inventory/);
    await is(task, "cancelled");
  });

  test("starts an export, follows it to its end and keeps focus", async (t) => {
    const { page } = await open(t);
    await page
      .getByLabel("Action", { exact: true })
      .selectOption("Succeeds in seconds: Currency rates.csv");
    await page.getByRole("button", { name: "Start", exact: true }).press("Enter");
    const task = page.locator("#tasks > li").first();
    await task.filter({ hasText: "Currency rates.csv" }).waitFor();
    await is(task, "succeeded");
    assert.match(await task.innerText(), /Succeeded[^]*in about \d+s/);
    assert.equal(await focused(page), "Start");
  });

  test("saves what an export wrote, under its own name", async (t) => {
    const { page } = await open(t, { policy: strict });
    const task = await started(page, "Succeeds in seconds: Currency rates.csv");
    await is(task, "succeeded");
    const button = task.getByRole("button", { name: "Download Currency rates.csv" });
    const { name, text } = await saved(page, () => button.press("Enter"));
    assert.equal(name, "Currency rates.csv");
    assert.deepEqual([text.split("\n").length, text.split("\n")[0]], [42, "Region,Month,Revenue"]);
    await task.getByText(/^Saved as “Currency rates.csv”, 3.6 kB\.$/).waitFor();
    assert.match(await focused(page), /^Download/);
    await page.getByRole("status").filter({ hasText: "Saved as" }).waitFor();
    await picture(page, "page-download.png");
  });

  test("shows how far a large file is, and stops on request", async (t) => {
    const { page } = await open(t, { policy: strict });
    // It ends while the page is open.
    const task = page.locator("#tasks > li", { hasText: "Ledger" }).first();
    await task.and(page.locator("[data-phase=succeeded]")).waitFor({ timeout: 90_000 });
    const button = task.getByRole("button", { name: /^Download/ });
    await slowly(page, async () => {
      await button.click();
      const bar = task.getByRole("progressbar", { name: /^Stop Ledger/ });
      await task.getByText(/^\d+ of 11 chunks, [\d.]+ (kB|MB)$/).waitFor();
      assert.ok((await bar.getAttribute("value")) < 1);
      await task.getByRole("button", { name: /^Stop Ledger/ }).click();
      await task.getByText("Stopped.").waitFor();
      assert.equal(await bar.isVisible(), false);
    });
    const { text } = await saved(page, () => button.click());
    assert.equal(text.split("\n").length, 12_002);
    assert.equal(text.split("\n")[0], "Region\tMonth\tRevenue");
  });

  test("saves the rows that an import refused, and those of a process's step", async (t) => {
    const { page } = await open(t, { policy: strict });
    const load = await started(page, "Refuses rows: Regions from regions.txt");
    const night = await started(page, "Fails: Nightly load");
    await load.and(page.locator("[data-phase=succeeded]")).waitFor({ timeout: 60_000 });
    await load.getByText("Anaplan refused some of the rows.").waitFor();
    const dump = await saved(page, () =>
      load.getByRole("button", { name: "Refused rows Regions from regions.txt" }).click(),
    );
    assert.deepEqual([dump.name, dump.text.split("\n").length], ["112000000001-dump.csv", 19]);

    await night.and(page.locator("[data-phase=failed]")).waitFor({ timeout: 60_000 });
    // Anaplan's own words, and what to do about it.
    await night.getByText(/^Load: Load: 3 \(0\/3\) rows successful/).waitFor();
    await night.getByText(/^Rows were refused\. The failure dump/).waitFor();
    const step = await saved(page, () =>
      night.getByRole("button", { name: "Refused rows of Load Nightly load" }).click(),
    );
    assert.deepEqual([step.name, step.text.split("\n").length], ["112000000002-dump.csv", 5]);
    await picture(page, "page-dumps.png");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 390, height: 800 });
    await picture(page, "page-dumps-phone-dark.png");
  });

  test("says why a file cannot be had", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "COMPLETE", result: { successful: true } });
    const { task } = await watched(t, anaplan);
    await is(task, "succeeded");
    anaplan.refuses(404, { status: { code: 404, message: "<b>no file</b>" } });
    await task.getByRole("button", { name: /^Download/ }).click();
    await task
      .getByText(/^It was not saved\. .*STALE|^It was not saved\. .*there is no such file/)
      .waitFor();
    assert.equal(await task.locator("b").count(), 0);
  });

  test("shows what a start whose answer was lost may have made", async (t) => {
    const { page } = await open(t, { policy: strict });
    await page.getByLabel("What goes wrong").selectOption("lost");
    await page
      .getByLabel("Action", { exact: true })
      .selectOption("Succeeds in seconds: Currency rates.csv");
    const before = await page.locator("#tasks > li").count();
    const start = page.getByRole("button", { name: "Start", exact: true });
    await start.press("Enter");
    const candidates = page.getByRole("list", { name: "What it may be" });
    await candidates.getByRole("listitem").nth(1).waitFor();
    assert.match(
      await page.locator("#start-error").innerText(),
      /it is not known whether the task was started: and 2 tasks may be it/,
    );
    await picture(page, "page-uncertain.png");
    const id = await candidates.getByRole("listitem").first().locator("code").innerText();
    await candidates
      .getByRole("button", { name: `Watch Task ${id}, started` })
      .first()
      .click();
    const task = page.locator("#tasks > li").first();
    await task.filter({ hasText: id }).waitFor();
    assert.equal(await page.locator("#tasks > li").count(), before + 1);
    assert.equal(await candidates.getByRole("listitem").count(), 1);
    assert.equal(await focused(page), "Start");
    await is(task, "succeeded");
  });

  test("says what it could not ask, and goes on when it can", async (t) => {
    const { page } = await open(t);
    await row(page, "running").first().waitFor();
    await page.getByLabel("What goes wrong").selectOption("down");
    const task = page.locator("#tasks > li").first();
    await task.getByText("Could not ask.").waitFor();
    const text = await task.innerText();
    assert.match(text, /Running when last asked/);
    assert.match(text, /the server answered 503/);
    assert.match(text, /Last checked \d+s ago/);
    assert.match(text, /Trying again in about \d+ s/);
    await page.locator("#summary").filter({ hasText: "out of reach" }).waitFor();
    await page.getByLabel("What goes wrong").selectOption("nothing");
    await task.getByText("Could not ask.").waitFor({ state: "hidden" });
    await task.getByText(/^Checked/).waitFor();
  });

  test("shows a state that it does not know as Anaplan names it", async (t) => {
    const { page } = await open(t);
    await page.getByLabel("What goes wrong").selectOption("state");
    const task = row(page, "unknown").first();
    await task.waitFor();
    assert.match(await task.innerText(), /Not known: “CONSOLIDATING”/);
  });

  test("refuses a bad address and a bad task, each beside its field", async (t) => {
    const { page } = await open(t);
    const address = page.getByLabel("Address of the gateway");
    const task = page.getByLabel("The task’s URL or path");
    await address.fill("http://anaplan.example");
    await task.fill("nothing");
    await task.press("Enter");
    await refused(address, /^baseUrl: expected an https URL/);
    assert.equal(await task.getAttribute("aria-invalid"), null);
    await address.fill("https://anaplan.example");
    await task.press("Enter");
    await refused(task, /^ref: expected a task's URL or path/);
    assert.equal(await address.getAttribute("aria-invalid"), null);
    assert.equal(await page.locator("#base-url-error").isVisible(), false);
  });

  test("watches a task at another address, and shows hostile text as text", async (t) => {
    const evil = `<img src=x onerror="document.title='caught'">`;
    const result = {
      successful: false,
      objectName: evil,
      details: [{ type: evil, localMessageText: evil, values: [evil, evil], occurrences: 2 }],
      nestedResults: [{ successful: false, objectName: evil, details: [] }],
    };
    const anaplan = await gateway(t);
    const { page } = await open(t, { query: `?baseUrl=${anaplan.url}&task=${path}` });
    anaplan.answers({ taskState: "IN_PROGRESS", currentStep: evil });
    await page.getByRole("button", { name: "Watch", exact: true }).click();
    const task = page.locator("#tasks > li").first();
    await is(task, "running");
    assert.equal(await task.evaluate((li) => li === document.activeElement), true);
    assert.equal(await task.getByRole("heading").innerText(), "Export E1");
    assert.match(await task.innerText(), new RegExp(`${anaplan.url}\\n+Running\\n<img src=x`));

    anaplan.answers({ taskState: "COMPLETE", result });
    await is(task, "failed");
    assert.equal(await task.getByRole("heading").innerText(), evil);
    const reasons = await task.getByRole("list").getByRole("listitem").allInnerTexts();
    assert.deepEqual(reasons, [`${evil} (2 times)\n${evil} · ${evil}: ${evil}`, `${evil}: failed`]);
    await page.getByRole("alert").filter({ hasText: evil }).waitFor();
    assert.equal(await page.locator("main img, [onerror]").count(), 0);
    assert.match(await page.title(), /^anaplan-tasks/);
    // A second time it is the same row.
    await page.getByRole("button", { name: "Watch", exact: true }).click();
    assert.equal(await page.locator("#tasks > li", { hasText: "T1" }).count(), 1);
  });

  test("says when the cancel came too late", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "IN_PROGRESS" });
    const { task, page } = await watched(t, anaplan);
    await task.getByRole("button", { name: /^Cancel/ }).click();
    anaplan.answers({ taskState: "CANCELLING" });
    await page.getByRole("button", { name: "Cancel the task" }).click();
    await is(task, "cancelling");
    assert.deepEqual(anaplan.asked.slice(-1), ["DELETE"]);
    anaplan.answers({ taskState: "COMPLETE", result: { successful: true } });
    await is(task, "succeeded");
    await task.getByText("The cancel came too late: it finished all the same.").waitFor();
  });

  test("retries on request, with focus where it was", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers("nothing");
    const { task, page } = await watched(t, anaplan);
    await task.getByText("Could not ask.").waitFor();
    assert.match(await task.innerText(), /Not reached yet/);
    const retry = task.getByRole("button", { name: /^Retry/ });
    await retry.waitFor();
    const before = anaplan.asked.length;
    await retry.press("Enter");
    await page.getByRole("status").filter({ hasText: "still out of reach" }).waitFor();
    assert.ok(anaplan.asked.length > before);
    assert.match(await focused(page), /^Retry/);
    anaplan.answers({ taskState: "IN_PROGRESS" });
    await retry.press("Enter");
    await is(task, "running");
    assert.equal(await task.getByText("Could not ask.").isVisible(), false);
    assert.equal(await task.evaluate((li) => li === document.activeElement), true);
  });

  test("asks no more for a row that was removed, and moves focus on", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers("never");
    const { task, page } = await watched(t, anaplan);
    await anaplan.first;
    // Long before the client would give up by itself.
    const givenUp = page.waitForEvent("requestfailed", { timeout: 10_000 });
    await task.getByRole("button", { name: /^Stop watching/ }).click();
    assert.equal((await givenUp).url(), anaplan.url + path);
    await task.getByText("Export E1").waitFor({ state: "detached" });
    const next = page.locator("#tasks > li").first();
    assert.equal(await next.evaluate((li) => li === document.activeElement), true);
  });

  test("copies a path that the form takes", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "IN_PROGRESS" });
    const { task, page } = await watched(t, anaplan);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await task.getByRole("button", { name: /^Copy path/ }).click();
    await page.getByRole("status").filter({ hasText: "Path copied" }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), path);
  });

  test("ticks once a second, and not while it is hidden", async (t) => {
    const { page } = await open(t, {
      // What runs every so many milliseconds.
      init: () => {
        const { setInterval, clearInterval } = window;
        window.running = new Map();
        window.setInterval = (work, ms) => {
          const id = setInterval(work, ms);
          window.running.set(id, ms);
          return id;
        };
        window.clearInterval = (id) => {
          window.running.delete(id);
          clearInterval(id);
        };
      },
    });
    await row(page, "running").first().waitFor();
    const intervals = (hidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
        return [...window.running.values()];
      }, hidden);
    assert.deepEqual(await intervals(false), [1_000]);
    assert.deepEqual(await intervals(true), []);
    assert.deepEqual(await intervals(false), [1_000]);
  });

  test("fits a phone: no sideways scrolling, nothing too small to touch", async (t) => {
    const { page } = await open(t, { context: phone });
    await row(page, "cancelling").waitFor();
    await page.getByRole("button", { name: /^Cancel Grid/ }).click();
    await page.getByLabel("Address of the gateway").fill("ftp://anaplan.example");
    await page.getByRole("button", { name: "Watch", exact: true }).click();
    await page.locator("#base-url-error").waitFor();
    const { wide, cut, small } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth - innerWidth,
      cut: [...document.querySelectorAll("#tasks *")]
        .filter((node) => node.checkVisibility())
        .filter((node) => node.getBoundingClientRect().right > innerWidth).length,
      small: [...document.querySelectorAll("button, input, select")]
        .filter((control) => control.checkVisibility())
        .map((control) => control.getBoundingClientRect())
        .filter(({ width, height }) => width < 44 || height < 44).length,
    }));
    assert.deepEqual({ wide, cut, small }, { wide: 0, cut: 0, small: 0 });
    await picture(page, "page-phone.png");
  });

  test("is named, described and in order for those who cannot see it", async (t) => {
    const { page } = await open(t);
    await row(page, "failed").last().waitFor();
    const seen = await page.evaluate(() => ({
      lang: document.documentElement.lang,
      description: document.querySelector("meta[name=description]")?.content,
      headings: [...document.querySelectorAll("h1, h2, h3")].map((h) => Number(h.localName[1])),
      nameless: [
        ...[...document.querySelectorAll("input, select")].filter(({ labels }) => !labels.length),
        ...[...document.querySelectorAll("button")].filter(
          (button) => !button.textContent.trim() && !button.ariaLabel,
        ),
      ].length,
      ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
    }));
    assert.equal(seen.lang, "en");
    assert.ok(seen.description.length > 50);
    // Of nine rows, in a list.
    assert.equal(await page.getByRole("list", { name: "Tasks" }).locator("> li").count(), 9);
    assert.deepEqual(seen.headings, [1, 2, ...Array(9).fill(3), 2, 2]);
    assert.equal(seen.nameless, 0);
    assert.deepEqual(seen.ids, [...new Set(seen.ids)]);
  });
});

/** The page, open; the test fails when it prints an error. */
async function open(t, { policy, query = "", context, init } = {}) {
  const { page, errors } = await openPage(t, browser, {
    viewport: { width: 1200, height: 900 },
    ...context,
  });
  const serveFile = files(at("www"), policy && { headers: { "Content-Security-Policy": policy } });
  const prefix = "/static/tasks";
  const origin = await serve(t, (request, response) => {
    if (!request.url.startsWith(`${prefix}/`)) return response.writeHead(404).end();
    request.url = request.url.slice(prefix.length);
    serveFile(request, response);
  });
  const url = `${origin}${prefix}/`;
  const requests = [];
  page.on("request", (request) => requests.push(request.url()));
  if (init) await page.addInitScript(init);
  await page.goto(url + query);
  // Refused connections are what some tests are about, and the browser prints each.
  const ours = () =>
    errors.filter((error) => !/ERR_EMPTY_RESPONSE|ERR_FAILED|status of 404/.test(error));
  t.after(() => assert.deepEqual(ours(), []));
  return { page, url, requests };
}

/** Starts something, and gives its row. */
async function started(page, option) {
  await page.getByLabel("Action", { exact: true }).selectOption(option);
  const count = await page.locator("#tasks > li").count();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.locator("#tasks > li").nth(count).waitFor();
  const id = await page.locator("#tasks > li").first().locator("[data-part=id]").innerText();
  return page.locator("#tasks > li", { hasText: id });
}

/** `{ name, text }` of the file that this makes the page save. */
async function saved(page, press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** With answers that take their time. */
async function slowly(page, work) {
  await page.getByLabel("What goes wrong").selectOption("slow");
  await work();
  await page.getByLabel("What goes wrong").selectOption("nothing");
}

/** A gateway with one task, at another origin than the page's; it answers what it is told to. */
async function gateway(t) {
  let answer;
  let refusal;
  const asked = [];
  let begin;
  const first = new Promise((resolve) => (begin = resolve));
  const url = await serve(t, (request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Methods", "GET, DELETE");
    response.setHeader("Access-Control-Allow-Headers", "*");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    asked.push(request.method);
    begin();
    if (refusal) return json(response, refusal.body, refusal.status);
    if (answer === "nothing") return request.socket.destroy();
    if (answer === "never") return;
    json(response, { task: { taskId: "T1", ...answer } });
  });
  return {
    url,
    asked,
    /** Resolves when it was asked. */
    first,
    answers: (next) => (answer = next),
    refuses: (status, body) => (refusal = { status, body }),
  };
}

/** The page with the gateway's task in its list. */
async function watched(t, { url }) {
  const { page } = await open(t, { query: `?baseUrl=${url}&task=${path}` });
  await page.locator("#tasks > li").first().waitFor();
  await page.getByRole("button", { name: "Watch", exact: true }).click();
  const task = page.locator("#tasks > li", { hasText: "Export E1" });
  await task.waitFor();
  return { page, task };
}

/** For people to look at, when all bars have arrived where they are going. */
async function picture(page, name) {
  await page.waitForFunction(() =>
    document.getAnimations().every((animation) => !(animation instanceof CSSTransition)),
  );
  await page.screenshot({ path: at("tests", "output", name), fullPage: true });
}

function row(page, phase) {
  return page.locator(`#tasks > li[data-phase=${phase}]`);
}

/** The row of the newest task of this name. */
function newest(page, name) {
  return page.locator("#tasks > li", { hasText: name }).first();
}

function bar(task) {
  return task.getByRole("progressbar", { name: /./ });
}

/** Waits until the row's task is in this phase. */
async function is(task, phase) {
  await task.and(task.page().locator(`[data-phase=${phase}]`)).waitFor();
}

async function differs(locator, text) {
  const node = await locator.elementHandle();
  await locator.page().waitForFunction(([node, text]) => node.innerText !== text, [node, text]);
}

async function refused(field, message) {
  const id = await field.getAttribute("id");
  const error = field.page().locator(`#${id}-error`);
  await error.filter({ hasText: message }).waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.ok((await field.getAttribute("aria-describedby")).split(" ").includes(`${id}-error`));
  assert.equal(await field.evaluate((node) => node === document.activeElement), true);
}

/** What has focus, as it is read aloud; of a row's button, the task's name is a part. */
function focused(page) {
  return page.evaluate(() => {
    const { activeElement: node } = document;
    const named = node.getAttribute("aria-labelledby")?.split(" ") ?? [];
    const texts = named.map((id) => document.getElementById(id).textContent);
    return texts.length ? texts.join(" ") : node.textContent.trim();
  });
}
