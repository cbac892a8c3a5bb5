// A page with the element in every state that it can be in, at a time that stands still.
import { ids, openElements, said, startedAt } from "./element.mjs";
import { json } from "./server.mjs";

/** Four minutes after the tasks began. */
export const now = startedAt + 252_000;

const label = "Revenue by region";

/** What Anaplan says in each of them, what is in the file, and what a person does. */
export const states = {
  waiting: { task: said.waiting },
  running: { task: said.running },
  unmeasured: { task: said.unmeasured },
  estimate: { task: said.unmeasured, history: [400_000, 380_000, 420_000, 390_000] },
  asked: { task: said.running, act: (element) => press(element, /^Cancel/) },
  cancelling: { task: said.cancelling },
  cancelled: { task: said.cancelled },
  succeeded: { task: said.succeeded },
  downloading: {
    task: said.succeeded,
    // So little that it comes at once: how far it is, is told now and then as the time goes on.
    chunks: ["a".repeat(1_500), undefined, undefined],
    act: (element) => press(element, /^Download/, /chunks, 1\.5 kB/),
  },
  saved: {
    task: said.succeeded,
    chunks: ["region;revenue\n".repeat(250_000)],
    act: (element) => press(element, /^Download/, /^Saved as/),
  },
  failed: { task: said.failed },
  endless: { task: { ...said.failed, result: undefined } },
  unknown: { task: said.unknown },
  // Young, and so asked for again before any other.
  lost: {
    task: ({ calls }) =>
      calls > 1
        ? { http: 503, body: { status: { message: "Service Unavailable" } } }
        : { ...said.running, creationTime: now - 40_000 },
  },
  refused: { task: { http: 403, body: { status: { code: 403, message: "Forbidden" } } } },
  asking: { task: () => undefined },
  none: { list: [] },
  misuse: { html: '<anaplan-task-status label="Revenue by region"></anaplan-task-status>' },
};

async function press(element, name, awaited) {
  await element.getByRole("button", { name }).click();
  if (awaited) await element.getByText(awaited).waitFor();
}

/**
 * Opens a page with the elements of these states, each below a `section` with the state's name. Each
 * has a gateway of its own, since a budget that is shared would be used up while time stands still.
 */
export async function openGallery(t, browser, { names = Object.keys(states), ...options } = {}) {
  const { isCompact = false, prepare, ...rest } = options;
  const tasks = {};
  const lists = {};
  const files = {};
  const history = {};
  const sections = names.map((name) => {
    const at = Object.keys(states).indexOf(name);
    const [exportId, taskId] = [`1160000000${10 + at}`, `8A1D47E0C95B4F${10 + at}`];
    const { task, list, chunks, history: durations, html } = states[name];
    const own = (one) => (one?.taskState ? { taskId, ...one } : one);
    if (task) tasks[taskId] = typeof task === "function" ? (asked) => own(task(asked)) : own(task);
    lists[exportId] = list ?? [];
    if (chunks) files[exportId] = chunks;
    if (durations)
      history[`anaplan-tasks /workspaces/W1/models/M1/exports/${exportId}`] = durations;
    const element =
      html ??
      `<anaplan-task-status base-url="/anaplan-${name}" ${ids} export-id="${exportId}"
        ${task ? `task-id="${taskId}"` : ""} label="${label}" cancelable download startable
      ></anaplan-task-status>`;
    const shown = isCompact ? element.replace("<anaplan-task-status", "$& compact") : element;
    return `<section id="${name}">${shown}</section>`;
  });
  const opened = await openElements(t, browser, `<h1>Exports</h1>${sections.join("\n")}`, {
    tasks,
    lists,
    other(request, response, url) {
      // The client would take the age of a task from it.
      response.sendDate = false;
      return sendFile(files, response, url);
    },
    ...rest,
  });
  const { page } = opened;
  // It runs on by itself until it is stopped.
  await page.clock.install({ time: now - 600_000 });
  await page.clock.pauseAt(now);
  await page.addInitScript((history) => {
    Math.random = () => 0.5;
    for (const [key, durations] of Object.entries(history))
      localStorage.setItem(key, JSON.stringify(durations));
  }, history);
  await prepare?.(page);
  await opened.open();
  await settle(page, names);
  return { ...opened, element: (name) => page.locator(`#${name} anaplan-task-status`) };
}

/** Until each has what its state is about. */
async function settle(page, names) {
  const element = (name) => page.locator(`#${name} anaplan-task-status`);
  for (const name of names) {
    await element(name).locator("#card").waitFor();
    if (!["asking", "misuse", "none"].includes(name)) {
      await element(name).and(page.locator(":not(:state(loading))")).waitFor();
    }
  }
  if (names.includes("none")) await element("none").getByText("No run yet").waitFor();
  if (names.includes("misuse")) await element("misuse").getByText("Could not ask").waitFor();
  if (names.includes("lost")) {
    // The next question, which fails.
    await page.clock.runFor(12_000);
    await element("lost").getByText("Could not ask").waitFor();
  }
  for (const name of names) await states[name].act?.(element(name));
  // Off the button that it pressed last.
  await page.mouse.move(0, 0);
}

function sendFile(files, response, { pathname }) {
  if (pathname.endsWith("/exports")) {
    json(response, { exports: Object.keys(files).map((id) => ({ id, name: `${label}.csv` })) });
    return true;
  }
  const [, id, chunk] = /\/files\/(\d+)\/chunks(?:\/(\d+))?$/.exec(pathname) ?? [];
  const chunks = files[id];
  if (!chunks) return false;
  if (chunk === undefined) {
    json(response, { chunks: chunks.map((_, at) => ({ id: String(at), name: `Chunk ${at}` })) });
  } else if (chunks[chunk] !== undefined) {
    response.writeHead(200, { "Content-Type": "application/octet-stream" }).end(chunks[chunk]);
  }
  return true;
}
