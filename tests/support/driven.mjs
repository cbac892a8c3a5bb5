// Elements in a page whose time stands still until a test lets it pass, before an Anaplan that is asked
// no more than a test says: see `openElements` for how that is put.
import assert from "node:assert/strict";
import { at } from "../../scripts/project.mjs";
import { ids, openElements, said } from "./element.mjs";

export { ids, said };

/** When the page begins, by its own clock. */
export const began = 1_700_000_600_000;

/** An element for a run of `E1`, with more attributes. */
export function element(attributes = "") {
  return `<anaplan-task-status base-url="/anaplan" ${ids} export-id="E1" ${attributes}></anaplan-task-status>`;
}

/** What Anaplan says of a task, put as if that had begun with the page: it is asked for often then. */
export const young = Object.fromEntries(
  Object.entries(said).map(([name, task]) => [name, { ...task, creationTime: began }]),
);

/** The path of a task of `E1`, and of the tasks that it has. */
export const tasksPath = "/workspaces/W1/models/M1/exports/E1/tasks";
export const pathOf = (task) => `${tasksPath}/${task}`;

/** A page as `openDriven` opens it, with one element for the task T1, of which Anaplan says `answer`. */
export function openTask(t, browser, answer, attributes = "", options = {}) {
  const body = element(`task-id="T1" ${attributes}`);
  return openDriven(t, browser, body, { tasks: { T1: answer }, ...options });
}

/** For `ready` of a page without elements. */
export const isDefined = () => customElements.get("anaplan-task-status") !== undefined;

/**
 * For `run`: adds an element, which is `kept` in the page, with a client of the page's own. That stays
 * open, and so goes on with whatever an element does not leave.
 */
export async function keep(html) {
  const { connect } = await import("/index.js");
  const { heed } = customElements.get("anaplan-task-status");
  const client = await connect({ baseUrl: "/anaplan", onEvent: heed });
  document.body.insertAdjacentHTML("beforeend", html);
  globalThis.kept = document.body.lastElementChild;
  globalThis.kept.client = client;
}

/**
 * Opens a page with `body` in it once the first question was asked, or once what `ready`, a function
 * of the page's, says so. Beyond what `openElements` knows, `answer({ method, path, body })` may give
 * what is said to anything, and whatever gives an answer may give a promise of it. `script` runs in the
 * page before anything else does.
 */
export async function openDriven(t, browser, body, options = {}) {
  const { tasks = {}, lists = {}, answer, ready, script, ...rest } = options;
  const { page, errors, open } = await openElements(t, browser, body, rest);
  const calls = [];
  const bodies = [];
  const counts = new Map();
  const held = new Set();

  // It runs on by itself until it is stopped.
  await page.clock.install({ time: began - 600_000 });
  await page.clock.pauseAt(began);
  await page.addInitScript(prepare);
  if (script) await page.addInitScript(script);
  await page.route("**/anaplan/**", async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    const path = pathname.slice(8);
    const method = request.method();
    calls.push(`${method} ${path}`);
    bodies.push(request.postData());
    held.add(request);
    const what = await saying({ method, path, body: request.postData() });
    held.delete(request);
    // The page may have given it up, or be gone.
    await give(route, what).catch(() => {});
  });
  // The client as it is, but that it is counted.
  const javascript = { contentType: "text/javascript" };
  await page.route("**/index.js", (route) => route.fulfill({ ...javascript, body: counting }));
  const path = at("pkg", "index.js");
  await page.route("**/client.js", (route) => route.fulfill({ ...javascript, path }));
  page.on("requestfailed", (request) => held.delete(request));

  function saying(asked) {
    const given = answer?.(asked);
    if (given !== undefined) return given;
    const [, kind, action, task] =
      /^\/workspaces\/W1\/models\/M1\/(\w+)\/([\w-]+)\/tasks\/?([\w-]+)?$/.exec(asked.path) ?? [];
    const what = task ? tasks[task] : kind ? lists[action] : undefined;
    if (what === undefined) return { http: 404, body: { status: { message: "No such thing." } } };
    const key = `${asked.method} ${asked.path}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const now = typeof what === "function" ? what({ ...asked, calls: counts.get(key) }) : what;
    return now ?? new Promise(() => {});
  }

  /** Waits until the page has nothing more to do at this moment of its time. */
  async function settle() {
    for (let isQuiet = false; !isQuiet;) {
      const waiting = held.size;
      const open = await page.evaluate((waiting) => globalThis.driven.rest(waiting), waiting);
      isQuiet = open === waiting && waiting === held.size;
    }
  }

  /** Lets so much time pass, in steps in which each request that begins is answered. */
  async function pass(ms, step = 1_000) {
    for (let left = ms; left > 0; left -= step) {
      await page.clock.runFor(Math.min(step, left));
      await settle();
    }
  }

  /** Goes on, nearly without time passing, until `ready()` gives something. */
  async function until(ready, what = String(ready)) {
    for (let i = 0; i < 500; i++) {
      await page.clock.runFor(1);
      await settle();
      const found = await ready();
      if (found) return found;
      // What is loaded takes its own time.
      if (i > 20) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`never happened: ${what}; shown: ${JSON.stringify(await shown())}`);
  }

  const shown = (selector = "anaplan-task-status") => page.evaluate(look, selector);

  return {
    page,
    errors,
    calls,
    bodies,
    held,
    settle,
    pass,
    until,
    shown,
    /** What an element has sent, of all of them, in order. */
    events: (type) =>
      page.evaluate(
        (type) => globalThis.driven.events.filter((event) => !type || event.type === type),
        type,
      ),
    /** What was put into its regions, in order: `status: …`, `alert: …`. */
    heard: () => page.evaluate(() => globalThis.driven.heard),
    /** To which gateways a client was opened and closed. */
    clients: () => page.evaluate(() => [driven.connected, driven.closed]),
    /** Hides the page, or shows it. */
    async look(state) {
      await page.evaluate((state) => globalThis.driven.look(state), state);
      await settle();
    },
    async click(name, options) {
      await page.getByRole("button", { name }).click(options);
      await settle();
    },
    async run(work, input) {
      const result = await page.evaluate(work, input);
      await settle();
      return result;
    },
    async open() {
      await open();
      await until(
        ready ? () => page.evaluate(ready) : () => calls.length > 0,
        "the first question",
      );
      await settle();
      return page;
    },
    /** That nothing was printed but what the browser says of answers that are none. */
    clean(but = /Failed to load resource/) {
      assert.deepEqual(
        errors.filter((error) => !but.test(error)),
        [],
      );
    },
  };
}

const counting = `
  import { AnaplanError, connect as open } from "./client.js";
  export { AnaplanError };
  export async function connect(options) {
    driven.connected.push(options.baseUrl);
    const client = await open(options);
    const close = () => (driven.closed.push(options.baseUrl), client.close());
    return { ...client, close };
  }
`;

function give(route, said) {
  if (said.drop) return route.abort("connectionfailed");
  const status = said.http ?? 200;
  if (said.text !== undefined) {
    return route.fulfill({ status, headers: said.headers ?? {}, body: said.text });
  }
  const body = said.http
    ? (said.body ?? {})
    : Array.isArray(said)
      ? { tasks: said }
      : { task: said };
  const headers = { "Content-Type": "application/json", ...said.headers };
  return route.fulfill({ status, headers, body: JSON.stringify(body) });
}

/** Runs in the page, before anything else. */
function prepare() {
  const driven = (globalThis.driven = {
    open: 0,
    events: [],
    heard: [],
    connected: [],
    closed: [],
  });
  const { fetch } = globalThis;
  globalThis.fetch = async (...args) => {
    driven.open++;
    try {
      const response = await fetch(...args);
      // Whoever reads it later waits for nobody.
      await response.clone().arrayBuffer();
      return response;
    } finally {
      driven.open--;
    }
  };
  /** How many requests are open, once nothing else is; soon where those are not as many. */
  driven.rest = async (expected) => {
    for (let i = 0; i < 12; i++) {
      await new Response("a turn").text();
      await new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (port1.close(), resolve());
        port2.postMessage(0);
      });
      if (i > 3 && driven.open !== expected) break;
    }
    return driven.open;
  };
  const types = ["status", "done", "before-cancel", "start", "error"];
  for (const type of types) {
    addEventListener(`anaplan-${type}`, ({ type, target, detail, bubbles, composed }) => {
      const { status, ref, error } = detail;
      driven.events.push({
        type,
        id: target.id,
        isWhole: bubbles && composed,
        phase: status?.phase,
        task: (status ?? ref)?.taskId,
        code: error?.code,
        isError: error && error instanceof Error && typeof error.retryable === "boolean",
      });
    });
  }
  // Of an element's regions, whatever is put there, as a screen reader would have it.
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options);
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        const role = target.getAttribute?.("role");
        if (role !== "status" && role !== "alert") continue;
        for (const node of addedNodes) {
          if (node.textContent) driven.heard.push(`${role}: ${node.textContent}`);
        }
      }
    }).observe(root, { childList: true, subtree: true });
    return root;
  };
  let state = "visible";
  Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
  Object.defineProperty(document, "hidden", { get: () => state === "hidden", configurable: true });
  driven.look = (to) => {
    state = to;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

/** Runs in the page: what a person sees of an element. */
function look(selector) {
  const element = document.querySelector(selector);
  const root = element?.shadowRoot;
  if (!root) return undefined;
  const one = (part) => {
    const found = root.querySelector(`[part~="${part}"]`);
    return found ? found.textContent.replace(/\s+/g, " ").trim() : undefined;
  };
  const bar = root.querySelector("[role=progressbar]");
  const parts = ["name", "state", "step", "time", "expectation", "note", "trouble", "checked"];
  return {
    ...Object.fromEntries(parts.map((part) => [part, one(part)]).filter(([, text]) => text)),
    ...(one("reasons") && { reasons: one("reasons") }),
    ...(one("hint") && { hint: one("hint") }),
    ...(one("question") && { question: one("question") }),
    ...(one("task-id") && { task: one("task-id") }),
    files: [...root.querySelectorAll("[part~=file]")].map((file) =>
      [...file.querySelectorAll("span, p")].map((line) => line.textContent.trim()).join(" | "),
    ),
    buttons: [...root.querySelectorAll("button")].map((button) => button.textContent.trim()),
    bar: bar && {
      now: bar.getAttribute("aria-valuenow"),
      text: bar.getAttribute("aria-valuetext"),
      ratio: Number(bar.style.getPropertyValue("--_ratio")),
      isEstimate: bar.classList.contains("estimate"),
    },
    error: element.error?.code,
  };
}
