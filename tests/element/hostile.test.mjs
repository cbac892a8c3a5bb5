// What servers, their users and people's pages may say, shown as the text that it is.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { csp, ids, misplaced, openElements, said } from "../support/element.mjs";

let browser;

before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const markup = `<img src=x onerror="owned=1"><script>owned=1</script><a href="javascript:owned=1">x</a>`;
const braces = "{name} {message} {text} {constructor} ${owned=1} {{owned=1}}";
const bidi = "\u202egpj.\u202c\u2066exe\u2069\u2067";
const zalgo = `Z${"\u0335\u0489\u0301".repeat(400)}algo`;
const word = "W".repeat(100_000);
const prose = "Rows and more rows. ".repeat(5_000);
const family = "👨‍👩‍👧‍👦";
const lone = "\ud83d up, down \ude00";
const controls = "a\u0000b\u0007c\u001b[31md\r\ne\tf\u0085g\u2028h";
const unseen = "\u200b\u200d\u2060\ufeff\u00ad";

const texts = { markup, braces, bidi, zalgo, word, prose, lone, controls, unseen };
const hostile = Object.entries(texts).map(([name, text]) => ({ name, text }));

/** A page with an element for each of `tasks`, and what it must be like in spite of them. */
async function open(
  t,
  tasks,
  { kind = "export", attributes = () => "", wait = true, prepare, ...rest } = {},
) {
  const body = Object.keys(tasks).map(
    (id) =>
      `<anaplan-task-status base-url="/anaplan-${id}" ${ids} ${kind}-id="E1" task-id="${id}" no-history
        cancelable download ${attributes(id)}></anaplan-task-status>`,
  );
  const said = Object.entries(tasks).map(([taskId, task]) => [
    taskId,
    typeof task === "function" ? task : { taskId, ...task },
  ]);
  const opened = await openElements(t, browser, body.join(""), {
    tasks: Object.fromEntries(said),
    viewport: { width: 400, height: 600 },
    ...rest,
  });
  await prepare?.(opened.page);
  const page = await opened.open();
  const of = (id) => page.locator(`[task-id="${id}"]`);
  for (const id of wait ? Object.keys(tasks) : []) await shown(of(id));
  return { ...opened, of };
}

const shown = (element) =>
  element.and(element.page().locator(":not(:state(loading))")).locator(".name").waitFor();

const textOf = (element) =>
  element.evaluate((element) => element.shadowRoot.querySelector("#card").innerText);

/** No script ran, nothing but our own elements is there, and nothing sticks out of its card. */
async function harmless({ page, errors }) {
  assert.deepEqual(errors, []);
  assert.deepEqual(await misplaced(page), []);
  const faults = await page.evaluate(() => {
    const faults = new Set("owned" in window ? ["a script ran"] : []);
    const known = /^(div|p|ul|li|span|strong|bdi|button|progress|svg|path|circle)$/;
    for (const { shadowRoot } of document.querySelectorAll("anaplan-task-status")) {
      for (const { localName } of shadowRoot.querySelectorAll("*:not(style)")) {
        if (!known.test(localName)) faults.add(`<${localName}>`);
      }
      if (!shadowRoot.textContent.isWellFormed()) faults.add("half a character");
      const { offsetHeight } = shadowRoot.querySelector("#card");
      if (offsetHeight > 3_000) faults.add(`${offsetHeight} px high`);
    }
    return [...faults];
  });
  assert.deepEqual(faults, []);
}

describe("texts of others are shown as text", { concurrency: 4 }, () => {
  test("as steps and states", async (t) => {
    const tasks = {};
    for (const { name, text } of hostile) {
      tasks[`${name}S`] = { ...said.running, currentStep: text };
      tasks[`${name}T`] = { ...said.unknown, taskState: text, currentStep: undefined };
    }
    const opened = await open(t, tasks);
    await harmless(opened);
    const { of } = opened;
    assert.ok((await textOf(of("markupS"))).includes(markup));
    assert.ok((await textOf(of("bracesS"))).includes(braces));
    assert.match(await textOf(of("bracesT")), /“\{name\} \{message\}/);
    assert.doesNotMatch(await textOf(of("bidiS")), /[\u202a-\u202e\u2066-\u2069]/);
    assert.match(await textOf(of("loneS")), /\ufffd up, down \ufffd/);
    assert.match(await textOf(of("controlsS")), /a b c \[31md e f g h/);
    const marks = /\p{M}+/gu;
    for (const [pile] of (await textOf(of("zalgoS"))).matchAll(marks)) assert.ok(pile.length <= 6);
    // Cut, and visibly so.
    assert.match(await textOf(of("wordS")), /[^W]W{300}…/);
    assert.match(await textOf(of("proseS")), /more rows\.…$/m);
    // What cannot be seen is no step: no dot without a word behind it.
    assert.equal(await of("unseenS").locator("[part=step]").count(), 0);
  });

  test("as names, reasons, codes and values of what failed", async (t) => {
    const tasks = {};
    for (const { name, text } of hostile) {
      tasks[name] = {
        ...said.failed,
        result: {
          successful: false,
          objectName: text,
          details: [
            { type: text, localMessageText: text, occurrences: 3, values: { [text]: text } },
            { type: text },
          ],
          nestedResults: [{ successful: false, objectName: text, objectId: text }],
        },
      };
    }
    const opened = await open(t, tasks);
    await harmless(opened);
    const { of } = opened;
    assert.equal(await of("markup").locator("#name").innerText(), markup);
    assert.ok((await textOf(of("braces"))).includes(`${braces} (3 times)`));
    // There is always a name.
    assert.equal(await of("unseen").locator("#name").innerText(), "Export E1");
    assert.match(await textOf(of("unseen")), /A step: Failed/);
  });

  test("as messages of errors, labels and ids", async (t) => {
    const tasks = Object.fromEntries(
      hostile.map(({ name, text }) => [name, { http: 403, body: { status: { message: text } } }]),
    );
    const { page, errors, of, ...opened } = await open(t, tasks, { wait: false });
    await page.evaluate((texts) => {
      for (const [name, text] of Object.entries(texts)) {
        document.querySelector(`[task-id="${name}"]`).label = text;
        const other = document.createElement("anaplan-task-status");
        other.id = `${name}, by id`;
        Object.assign(other, {
          baseUrl: "/anaplan",
          workspaceId: text,
          modelId: text,
          exportId: text,
          taskId: text,
        });
        // A task of the page's own may have ids that no client takes.
        const own = document.createElement("anaplan-task-status");
        const ref = { workspaceId: text, modelId: text, exportId: text, taskId: text };
        const status = { ref, taskId: text, taskState: "IN_PROGRESS", phase: "running" };
        const subscribe = (see) => {
          see({ ...status, done: false, observedAt: Date.now() });
          return () => {};
        };
        own.className = "own";
        own.task = { ref, watch: () => ({ subscribe }) };
        document.querySelector("main").append(other, own);
      }
    }, texts);
    for (const name of Object.keys(tasks)) await of(name).getByText("Could not ask").waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[id]")].every(
        ({ error }) => error?.code === "INVALID_ARGUMENT",
      ),
    );
    for (const own of await page.locator(".own").all()) await own.getByText("Running").waitFor();
    // The browser itself reports what is refused.
    await harmless({ page, errors: errors.filter((error) => !/status of 403/.test(error)) });
    assert.equal(await of("markup").locator("#name").innerText(), markup);
    assert.ok((await textOf(of("braces"))).includes("{name} {message}"));
    assert.equal(await of("unseen").locator("#name").innerText(), "Export E1");
  });

  test("as names of files", async (t) => {
    const names = { markup, braces, bidi: "report\u202efdp.exe", path: "../..\\a/b", lone, word };
    // Files are given away for two days.
    const task = { ...said.succeeded, creationTime: Date.now() };
    const tasks = Object.fromEntries(Object.keys(names).map((name) => [name, task]));
    const opened = await open(t, tasks, {
      lists: { E1: [] },
      other(request, response, { pathname }) {
        const [, name, what] = /^\/anaplan-(\w+)\/.*\/(exports|chunks|0)$/.exec(pathname) ?? [];
        if (!what) return false;
        const rows = {
          exports: [{ id: "E1", name: names[name] }],
          chunks: [{ id: "0", name: "0" }],
        };
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(what === "0" ? "a,b" : JSON.stringify({ [what]: rows[what] }));
        return true;
      },
    });
    const { page, of } = opened;
    const files = {};
    for (const name of Object.keys(names)) {
      const saved = page.waitForEvent("download");
      await of(name)
        .getByRole("button", { name: /^Download/ })
        .click();
      files[name] = (await saved).suggestedFilename();
      await of(name)
        .getByText(/^Saved as “/)
        .waitFor();
    }
    await harmless(opened);
    assert.ok((await textOf(of("braces"))).includes("Saved as “{name} {message}"));
    assert.equal(files.bidi, "report fdp.exe");
    // The browser makes such a name harmless, too; what is said of it is the element's.
    assert.equal(files.path.replaceAll("_", "").replaceAll(".", ""), "ab");
    assert.ok((await textOf(of("path"))).includes("Saved as “.._.._a_b”"));
    assert.ok(files.word.length <= 130, files.word);
  });

  test("and read aloud as text", async (t) => {
    const failed = { ...said.failed, result: { successful: false, details: [{ type: braces }] } };
    const opened = await open(
      t,
      { T: ({ calls }) => ({ taskId: "T", ...(calls > 1 ? failed : said.running) }) },
      { attributes: () => `label="${bidi}{text}"`, prepare: (page) => page.clock.install() },
    );
    const { page, of } = opened;
    await page.clock.runFor(40_000);
    await of("T").and(page.locator(":state(failed)")).waitFor();
    const alarm = await of("T").getByRole("alert").innerText();
    assert.equal(alarm, `gpj. exe {text}: Failed. ${braces}`);
    await harmless(opened);
  });
});

describe("what cannot be", { concurrency: 4 }, () => {
  test("is no number, no time and no error", async (t) => {
    const numbers = {
      negative: -1,
      five: 5,
      text: "0.5",
      nan: "NaN",
      list: [1],
      huge: 1e300,
    };
    const tasks = {};
    for (const [name, number] of Object.entries(numbers)) {
      tasks[`${name}P`] = { ...said.running, progress: number };
      tasks[`${name}C`] = { ...said.running, creationTime: number };
      tasks[`${name}D`] = { ...said.succeeded, creationTime: number };
      tasks[`${name}O`] = {
        ...said.failed,
        result: {
          successful: false,
          details: [{ type: "t", localMessageText: "x", occurrences: number }],
        },
      };
    }
    tasks.futureC = { ...said.running, creationTime: Date.now() + 86_400_000_000 };
    tasks.futureD = { ...said.succeeded, creationTime: Date.now() + 86_400_000_000 };
    tasks.lateD = { ...said.succeeded, creationTime: 8.64e15 + 1 };
    tasks.yearsC = { ...said.running, creationTime: Date.now() - 10 * 365 * 86_400_000 };
    const opened = await open(t, tasks);
    await harmless(opened);
    const { of } = opened;
    for (const name of ["negative", "five", "nan", "list", "huge"]) {
      const bar = of(`${name}P`).getByRole("progressbar");
      assert.equal(await bar.getAttribute("aria-valuenow"), null, name);
    }
    assert.match(await textOf(of("futureC")), /Running[^]*0s/);
    assert.match(await textOf(of("futureD")), /Succeeded[^]*started .*\d{4}/);
    assert.match(await textOf(of("yearsC")), /3,650d 00h/);
    for (const name of ["hugeC", "hugeD", "lateD"]) {
      assert.equal(await of(name).locator("[part=time]").count(), 0, name);
    }
  });

  test("is cut where its characters end", async (t) => {
    const opened = await open(t, {
      families: { ...said.running, currentStep: family.repeat(2_000) },
      sent: { ...said.unknown, taskState: "a" + family.repeat(60), currentStep: undefined },
    });
    const { of } = opened;
    const [step, state] = [await textOf(of("families")), await textOf(of("sent"))];
    assert.match(step, new RegExp(`^(${family})+…$`, "m"));
    assert.match(state, new RegExp(`“a(${family})+…”`));
    await harmless(opened);
  });

  test("leaves the page as quick as before, ten thousandfold", async (t) => {
    const detail = (at) => ({
      type: `t${at}`,
      localMessageText: `Row ${at}`,
      values: { row: `${at}` },
    });
    const details = Array.from({ length: 10_000 }, (_, at) => detail(at));
    const steps = details.map((_, at) => ({
      ...{
        successful: false,
        objectId: `${at}`,
        objectName: `Step ${at}`,
        failureDumpAvailable: true,
      },
      details: [detail(at)],
    }));
    const opened = await open(
      t,
      {
        many: { ...said.failed, result: { successful: false, details } },
        deep: {},
        wide: { ...said.failed, result: { successful: false, nestedResults: steps } },
        other: said.running,
      },
      {
        kind: "process",
        wait: false,
        other(request, response, { pathname }) {
          if (!pathname.endsWith("/deep")) return false;
          response.writeHead(200, { "Content-Type": "application/json" }).end(deep(10_000));
          return true;
        },
      },
    );
    const { of } = opened;
    await shown(of("other"));
    for (const id of ["many", "deep", "wide"]) await shown(of(id));
    const text = await textOf(of("many"));
    assert.match(text, /Row 0\n[^]*Row 9\n[^]*And 9,990 more\./);
    assert.doesNotMatch(text, /Row 10\b/);
    assert.match(await textOf(of("deep")), /^… Level \d+: .*Level \d+: Failed$/m);
    assert.match(await textOf(of("wide")), /Step 9: Row 9\n[^]*And 9,990 more\./);
    assert.equal(await of("wide").locator("[part=file]").count(), 50);
    await of("other")
      .getByRole("button", { name: /^Cancel/ })
      .click();
    await of("other").getByRole("button", { name: "Let it run" }).waitFor();
    await harmless(opened);
  });
});

test("a task of the page's own may be nested deeper than calls can be", async (t) => {
  const opened = await open(t, {});
  const { page } = opened;
  await page.evaluate(
    async (ref) => {
      const nested = (levels) => {
        let step = { successful: false, details: [], nestedResults: [] };
        for (let at = levels; at > 0; at--) {
          step = {
            ...step,
            objectName: `Level ${at}`,
            failureDumpAvailable: true,
            nestedResults: [step],
          };
        }
        return step;
      };
      const observed = {
        taskState: "COMPLETE",
        phase: "failed",
        done: true,
        observedAt: Date.now(),
      };
      const status = { ref, taskId: "T", ...observed, result: nested(100_000) };
      const subscribe = (see) => {
        see(status);
        return () => {};
      };
      const element = document.createElement("anaplan-task-status");
      const result = () => Promise.reject(new Error("It failed."));
      Object.assign(element, {
        download: true,
        task: { ref, watch: () => ({ subscribe }), result },
      });
      document.querySelector("main").append(element);
    },
    { workspaceId: "W1", modelId: "M1", processId: "P1", taskId: "T" },
  );
  const element = page.locator("anaplan-task-status");
  await element.getByText(/^… Level \d+: .*Level 100000: A step: Failed$/).waitFor();
  await harmless(opened);
});

test("where trusted types are required, Lit's own are all that is needed", async (t) => {
  const policy = `${csp}; require-trusted-types-for 'script'; trusted-types lit-html`;
  const task = { ...said.failed, result: { successful: false, objectName: markup } };
  const opened = await open(t, { running: said.running, failed: task }, { policy });
  const { of } = opened;
  await of("running")
    .getByRole("button", { name: /^Cancel/ })
    .click();
  await of("running").getByRole("button", { name: "Let it run" }).click();
  await of("failed")
    .getByRole("button", { name: /^Copy details/ })
    .click();
  await of("failed")
    .getByRole("status")
    .getByText(/Copied|does not allow/)
    .waitFor();
  assert.equal(await of("failed").locator("#name").innerText(), markup);
  await harmless(opened);
});

/** A process in a process, and so on: as text, since no stack is deep enough to write it otherwise. */
function deep(levels) {
  const step = (at) => `{"successful":false,"objectId":"${at}","objectName":"Level ${at}",
    "failureDumpAvailable":true,"nestedResults":[`;
  const steps = Array.from({ length: levels }, (_, at) => step(at));
  const last = '{"successful":false,"details":[{"type":"core","localMessageText":"The last"}]}';
  const result = steps.join("") + last + "]}".repeat(levels);
  return `{"task":{"taskId":"deep","taskState":"COMPLETE","result":${result}}}`;
}
