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

// Alone: it is the one whose states have their time.
test("shows live tasks, and soon one in every state", async (t) => {
  const { page, url, requests } = await open(t, { policy: strict });
  await row(page, "running").first().waitFor();
  for (const phase of ["waiting", "cancelling", "succeeded", "failed", "cancelled"]) {
    await row(page, phase).first().waitFor();
  }
  const failed = row(page, "failed").last();
  assert.match(await part(failed, "card").innerText(), /Failed[^]*Not authorised[^]*Salary/);
  await failed.getByText(/^The user that the credentials belong to may not run this/).waitFor();
  assert.match(
    await part(row(page, "waiting").first(), "card").innerText(),
    /Waiting[^]*Checked .*, next in \d+s/,
  );
  await row(page, "empty").getByText("No run yet").waitFor();
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
    // By earlier runs alone, and it says so.
    assert.match(
      await bar(unknown).getAttribute("aria-valuetext"),
      /^about \d+%, by earlier runs; usually about 1 min$/,
    );
  });

  test("moves as the task does, and counts the time by itself", async (t) => {
    const { page } = await open(t);
    const running = newest(page, "Grid");
    await is(running, "running");
    const figure = part(running, "percent");
    const time = part(running, "time");
    const first = await figure.innerText();
    const handles = await Promise.all([figure, time].map((node) => node.elementHandle()));
    // From one frame to the next the time is another, and all else as it was.
    await page.evaluate(
      ([figure, time]) =>
        new Promise((resolve) => {
          let last = [];
          const look = () => {
            const now = [figure.innerText, time.innerText];
            if (now[0] === last[0] && now[1] !== last[1]) return resolve();
            last = now;
            requestAnimationFrame(look);
          };
          look();
        }),
      handles,
    );
    await differs(figure, first);
    assert.ok(parseInt(await figure.innerText()) > parseInt(first));
  });

  test("cancels after a question, and says so when Anaplan does", async (t) => {
    const { page } = await open(t);
    const task = newest(page, "Grid");
    await is(task, "running");
    await task.getByRole("button", { name: /^Cancel Grid/ }).click();
    const question = task.getByRole("group", { name: /It may still finish/ });
    await question.getByRole("button", { name: "Cancel the task" }).click();
    await is(task, "cancelled");
    assert.match(await page.locator("#summary").innerText(), /2 cancelled/);
  });

  test("starts an export, follows it to its end and keeps focus", async (t) => {
    const { page } = await open(t);
    await page
      .getByLabel("Action", { exact: true })
      .selectOption("Succeeds in seconds: Currency rates.csv");
    await page.getByRole("button", { name: "Start", exact: true }).press("Enter");
    const task = rows(page).first();
    await task.filter({ hasText: "Currency rates.csv" }).waitFor();
    await is(task, "succeeded");
    assert.match(await part(task, "card").innerText(), /Succeeded[^]*in about \d+s/);
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

  test("saves the rows that an import refused, and those of a process's step", async (t) => {
    const { page } = await open(t, { policy: strict });
    const load = await started(page, "Refuses rows: Regions from regions.txt");
    const night = await started(page, "Fails: Nightly load");
    await load.and(page.locator(":state(succeeded)")).waitFor({ timeout: 60_000 });
    await load.getByText("Anaplan refused some of the rows.", { exact: true }).waitFor();
    const dump = await saved(page, () =>
      load.getByRole("button", { name: "Refused rows Regions from regions.txt" }).click(),
    );
    assert.deepEqual([dump.name, dump.text.split("\n").length], ["112000000001-dump.csv", 19]);

    await night.and(page.locator(":state(failed)")).waitFor({ timeout: 60_000 });
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

  test("shows what a start whose answer was lost may have made", async (t) => {
    const { page } = await open(t, { policy: strict });
    await page.getByLabel("What goes wrong").selectOption("lost");
    await page
      .getByLabel("Action", { exact: true })
      .selectOption("Succeeds in seconds: Currency rates.csv");
    const before = await rows(page).count();
    const start = page.getByRole("button", { name: "Start", exact: true });
    await start.press("Enter");
    const candidates = page.getByRole("list", { name: "What it may be" });
    await candidates.getByRole("listitem").nth(1).waitFor();
    assert.match(
      await page.locator("#start-error").innerText(),
      /it is not known whether the task was started, and 2 tasks may be it/,
    );
    await picture(page, "page-uncertain.png");
    const id = await candidates.getByRole("listitem").first().locator("code").innerText();
    await candidates
      .getByRole("button", { name: `Watch Task ${id}, started` })
      .first()
      .click();
    const task = rows(page).first();
    await task.filter({ hasText: id }).waitFor();
    assert.equal(await rows(page).count(), before + 1);
    assert.equal(await candidates.getByRole("listitem").count(), 1);
    assert.equal(await focused(page), "Start");
    await is(task, "succeeded");
  });

  test("says what it could not ask, and goes on when it can", async (t) => {
    const { page } = await open(t);
    await row(page, "running").first().waitFor();
    await page.getByLabel("What goes wrong").selectOption("down");
    const task = rows(page).first();
    await task.getByText("Could not ask.").waitFor();
    const text = await part(task, "card").innerText();
    assert.match(text, /Running when last asked/);
    assert.match(text, /The server answered 503/);
    assert.match(text, /Last checked \d+s ago/);
    assert.match(text, /Retrying in \d+s|Retrying …/);
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
    assert.match(await part(task, "card").innerText(), /Not known: “CONSOLIDATING”/);
  });

  test("refuses a bad address and a bad task, each beside its field", async (t) => {
    const { page } = await open(t);
    const address = page.getByLabel("Address of the gateway");
    const task = page.getByLabel("URL or path of a task, or of an action");
    await address.fill("http://anaplan.example");
    await task.fill("nothing");
    await task.press("Enter");
    await refused(address, /^baseUrl: expected an https URL/);
    assert.equal(await task.getAttribute("aria-invalid"), null);
    await address.fill("https://anaplan.example");
    await task.press("Enter");
    await refused(task, /^ref: expected an action's URL or path/);
    assert.equal(await address.getAttribute("aria-invalid"), null);
    assert.equal(await page.locator("#base-url-error").isVisible(), false);
  });

  test("watches a task at another address, once", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "IN_PROGRESS", currentStep: "<b>Reading</b>" });
    const { task, page } = await watched(t, anaplan);
    await is(task, "running");
    await task.getByText("<b>Reading</b>").waitFor();
    assert.equal(await focused(page), "Take Export E1 off this page");
    // A second time it is the same row.
    await page.getByRole("button", { name: "Watch", exact: true }).click();
    assert.equal(await task.count(), 1);
    // Its action is another thing to watch, once, too.
    await page.getByLabel("URL or path of a task").fill(path.split("/tasks")[0]);
    for (const _ of ["once", "and again"]) {
      await page.getByRole("button", { name: "Watch", exact: true }).click();
      await task.nth(1).waitFor();
    }
    assert.equal(await task.count(), 2);
    assert.match(await page.title(), /^anaplan-tasks/);
  });

  test("watches an action's newest run, and starts another", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "COMPLETE", result: { successful: true } });
    const { task } = await watched(t, anaplan, path.split("/tasks")[0]);
    await is(task, "succeeded");
    anaplan.answers({ taskId: "T2", taskState: "IN_PROGRESS" });
    await task.getByRole("button", { name: "Start Export E1" }).click();
    await is(task, "running");
    assert.ok(anaplan.asked.includes("POST"));
  });

  test("shows what another has cancelled, and that a session has expired", async (t) => {
    const { page } = await open(t);
    await is(newest(page, "Grid"), "running");
    await page.getByRole("button", { name: "Cancel one elsewhere" }).click();
    await page
      .locator("#elsewhere-said")
      .filter({ hasText: "Somebody else has cancelled" })
      .waitFor();
    await is(newest(page, "Grid"), "cancelled");
    await page.getByLabel("What goes wrong").selectOption("session");
    await newest(page, "Inventory").getByText("Sign in again, then retry.").waitFor();
    await page.getByLabel("What goes wrong").selectOption("nothing");
    await newest(page, "Inventory")
      .getByText(/^Checked/)
      .waitFor();
  });

  test("cancels elsewhere only what is simulated", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers({ taskState: "IN_PROGRESS" });
    const { task, page } = await watched(t, anaplan);
    await is(task, "running");
    await is(newest(page, "Grid"), "running");
    await page.getByRole("button", { name: "Cancel one elsewhere" }).click();
    const said = page.locator("#elsewhere-said").filter({ hasText: "cancelled" });
    assert.match(await said.innerText(), /^Somebody else has cancelled Grid/);
  });

  test("asks no more for a row that was taken away, and moves focus on", async (t) => {
    const anaplan = await gateway(t);
    anaplan.answers("never");
    const { task, page } = await watched(t, anaplan);
    await anaplan.first;
    // Long before the client would give up by itself.
    const givenUp = page.waitForEvent("requestfailed", { timeout: 25_000 });
    await page.getByRole("button", { name: "Take Export E1 off this page" }).click();
    assert.equal((await givenUp).url(), anaplan.url + path);
    assert.equal(await task.count(), 0);
    assert.match(await focused(page), /^Take Grid/);
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
      small: [
        document,
        ...[...document.querySelectorAll("anaplan-task-status")].map((one) => one.shadowRoot),
      ]
        .flatMap((root) => [...root.querySelectorAll("button, input, select")])
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
    // Of ten rows, in a list.
    assert.equal(await page.getByRole("list", { name: "Tasks" }).locator("> li").count(), 10);
    assert.deepEqual(seen.headings, [1, 2, 2, 2, 2]);
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

/** Starts something, and gives its element. */
async function started(page, option) {
  await page.getByLabel("Action", { exact: true }).selectOption(option);
  const count = await rows(page).count();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await rows(page).nth(count).waitFor();
  const id = await part(rows(page).first(), "task-id").innerText();
  return rows(page).filter({ hasText: id });
}

/** `{ name, text }` of the file that this makes the page save. */
async function saved(page, press) {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** A gateway with one task, at another origin than the page's; it answers what it is told to. */
async function gateway(t) {
  let answer;
  const asked = [];
  let begin;
  const first = new Promise((resolve) => (begin = resolve));
  const url = await serve(t, (request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Methods", "GET, POST, DELETE");
    response.setHeader("Access-Control-Allow-Headers", "*");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    asked.push(request.method);
    begin();
    if (answer === "nothing") return request.socket.destroy();
    if (answer === "never") return;
    const task = { taskId: "T1", ...answer };
    const isList = request.method === "GET" && request.url.endsWith("/tasks");
    json(response, isList ? { tasks: [task] } : { task });
  });
  return {
    url,
    asked,
    /** Resolves when it was asked. */
    first,
    answers: (next) => (answer = next),
  };
}

/** The page with the gateway's task, or its action, in its list. */
async function watched(t, { url }, what = path) {
  const { page } = await open(t, { query: `?baseUrl=${url}&task=${what}` });
  await rows(page).first().waitFor();
  await page.getByRole("button", { name: "Watch", exact: true }).click();
  const task = rows(page).filter({ hasText: "Export E1" });
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

function rows(page) {
  return page.locator("#tasks anaplan-task-status");
}

function row(page, state) {
  return page.locator(`#tasks anaplan-task-status:state(${state})`);
}

/** The newest task of this name. */
function newest(page, name) {
  return rows(page).filter({ hasText: name }).first();
}

function part(task, name) {
  return task.locator(`[part~=${name}]`);
}

function bar(task) {
  return task.getByRole("progressbar", { name: /./ });
}

/** Waits until the task is in this state. */
async function is(task, state) {
  await task.and(task.page().locator(`:state(${state})`)).waitFor();
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

/** What has focus, as it is read aloud; of a task's button, the task's name is a part. */
function focused(page) {
  return page.evaluate(() => {
    let { activeElement: node } = document;
    while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    const named = node.getAttribute("aria-labelledby")?.split(" ") ?? [];
    const texts = named.map((id) => node.getRootNode().getElementById(id).textContent.trim());
    return texts.length ? texts.join(" ") : (node.ariaLabel ?? node.textContent.trim());
  });
}
