// What many elements on one page cost: until they are there, while nothing happens, while their times
// tick, while they ask, and after they are gone. Beside them, paragraphs whose text is set each second.
import { createServer } from "node:http";
import sirv from "sirv";
import { at } from "../scripts/project.mjs";
import { launchBrowser } from "../tests/support/browser.mjs";
import { interleaved, median, ratio, table, whole } from "./stats.mjs";

const rounds = Number(process.env.ROUNDS ?? 3);
const count = Number(process.env.COUNT ?? 500);
// A client asks 300 times a minute at most, and each gateway has one of its own.
const gateways = 10;

const server = await serve();
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await launchBrowser();
try {
  const results = await interleaved(rounds, {
    [`${count} paragraphs`]: () => paragraphs(),
    [`${count} elements, done`]: () => elements("done"),
    [`${count} elements, running`]: () => elements("running"),
  });
  print(results);
} finally {
  await browser.close();
  server.close();
  server.closeAllConnections();
}

/** The least there is: a text that changes once a second. */
async function paragraphs() {
  const { page, cdp, close } = await open();
  await page.evaluate((count) => {
    const began = Date.now();
    const main = document.querySelector("main");
    for (let at = 0; at < count; at++) main.append(document.createElement("p"));
    setInterval(() => {
      const text = `${Math.round((Date.now() - began) / 1_000)}s`;
      for (const paragraph of main.children) paragraph.textContent = text;
    }, 1_000);
  }, count);
  const ticking = await busy(cdp, 10_000);
  await close();
  return { ticking };
}

async function elements(kind) {
  const { page, cdp, close } = await open();
  // Once before, so that what is loaded and compiled once does not count.
  await page.evaluate(fill, { kind, count: 10, gateways: 1 });
  await page.evaluate(() => document.querySelector("main").replaceChildren());
  const before = await heap(cdp, page);
  const times = await page.evaluate(fill, { kind, count, gateways });
  const during = await heap(cdp, page);
  const ticking = await busy(cdp, 10_000);
  // As long as it takes until each has been asked for once more.
  const polling = kind === "running" ? await busy(cdp, 33_000) : undefined;
  await page.evaluate(() => document.querySelector("main").replaceChildren());
  const after = await heap(cdp, page);
  await close();
  const kept = after - before;
  return { ...times, ticking, polling, each: (during - before) / count, kept };
}

/** Puts so many elements on the page; how long until they are painted, and until each has its status. */
async function fill({ kind, count, gateways }) {
  await customElements.whenDefined("anaplan-task-status");
  const began = performance.now();
  const main = document.querySelector("main");
  for (let at = 0; at < count; at++) {
    const element = document.createElement("anaplan-task-status");
    Object.assign(element, {
      baseUrl: `/anaplan-${at % gateways}`,
      workspaceId: "W1",
      modelId: "M1",
    });
    Object.assign(element, { exportId: "E1", taskId: `${kind}${at}`, cancelable: true });
    Object.assign(element, { label: `Export ${at}`, noHistory: true });
    main.append(element);
  }
  await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  const painted = performance.now() - began;
  while ([...main.children].some(({ status }) => !status)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { painted, told: performance.now() - began };
}

/** Milliseconds of processor time that the page's thread takes in a second. */
async function busy(cdp, ms) {
  const taken = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    const of = (name) => metrics.find((metric) => metric.name === name).value;
    return { task: of("TaskDuration"), at: performance.now() };
  };
  const first = await taken();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const last = await taken();
  return (1e6 * (last.task - first.task)) / (last.at - first.at);
}

/** What is on the heap, once clients that nobody needs have been closed and all that may be is collected. */
async function heap(cdp, page) {
  if (await page.evaluate(() => !document.querySelector("anaplan-task-status"))) {
    await new Promise((resolve) => setTimeout(resolve, 6_000));
  }
  await cdp.send("HeapProfiler.collectGarbage");
  return (await cdp.send("Runtime.getHeapUsage")).usedSize;
}

async function open() {
  const context = await browser.newContext({ viewport: { width: 800, height: 900 } });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.goto(base);
  return { page, cdp, close: () => context.close() };
}

/** The package's files, and an Anaplan in which everything runs or is done, by its name. */
function serve() {
  const assets = sirv(at("pkg"), { dev: true });
  const started = Date.now() - 3_600_000;
  const server = createServer((request, response) => {
    const id = /\/tasks\/(\w+)$/.exec(request.url)?.[1];
    if (request.url === "/") {
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      return response.end(
        '<!doctype html><title>Tasks</title><script type="module" src="element.js"></script><main></main>',
      );
    }
    if (!id) return assets(request, response, () => response.writeHead(404).end());
    const task = id.startsWith("done")
      ? { taskState: "COMPLETE", result: { successful: true } }
      : { taskState: "IN_PROGRESS", currentStep: "Exporting", progress: 0.4 };
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ task: { taskId: id, creationTime: started, ...task } }));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

function print(results) {
  const of = (name, what) => results[name].map((result) => result[what]);
  const number = (name, what, digits = 1) => {
    const list = of(name, what).filter((one) => one !== undefined);
    return list.length ? median(list).toFixed(digits) : "";
  };
  const rows = Object.keys(results).map((name) => [
    name,
    number(name, "painted", 0),
    number(name, "told", 0),
    number(name, "ticking"),
    ratio(of(name, "ticking"), of(`${count} paragraphs`, "ticking")),
    number(name, "polling"),
    number(name, "each", 0) && whole(median(of(name, "each"))),
    number(name, "kept", 0) && whole(median(of(name, "kept"))),
  ]);
  const head = [
    "what",
    "ms until painted",
    "until told",
    "thread ms a second",
    "times paragraphs",
    "while asking",
    "heap bytes each",
    "left when gone",
  ];
  console.log(table(head, rows));
}
