// Pages with the element in them, and an Anaplan behind them that says of each task what a test wants.
import { readFile } from "node:fs/promises";
import { at } from "../../scripts/project.mjs";
import { openPage } from "./browser.mjs";
import { files, json, serve } from "./server.mjs";

export const csp =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'";

export const ids = 'workspace-id="W1" model-id="M1"';

/**
 * Opens a page with `body` in it. `tasks` holds, by the task's id, what Anaplan says of it, or a
 * function of `{ method, calls }` that gives that, or what `{ status, body, headers }` has, or
 * `undefined` to give no answer. `lists` holds the tasks of each action, likewise. `policy` is the page's
 * Content-Security-Policy.
 */
export async function openElements(t, browser, body, options = {}) {
  const {
    tasks = {},
    lists = {},
    other,
    head = "",
    lang = "en",
    dir = "ltr",
    policy = csp,
    ...context
  } = options;
  const calls = [];
  const assets = files(at("pkg"));
  const counts = new Map();

  function answer(response, what, key, method) {
    const seen = (counts.get(key) ?? 0) + 1;
    counts.set(key, seen);
    const said = typeof what === "function" ? what({ method, calls: seen }) : what;
    // What gets no answer waits, as on a line that went dead.
    if (said === undefined) return;
    if (said.drop) return response.destroy();
    if (said.http) return json(response, said.body ?? {}, said.http);
    json(response, Array.isArray(said) ? { tasks: said } : { task: said });
  }

  const base = await serve(t, async (request, response) => {
    const url = new URL(request.url, "http://x");
    if (url.pathname === "/") {
      response.writeHead(200, {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": policy,
      });
      return response.end(page(body, { head, lang, dir }));
    }
    if (url.pathname === "/page.css") {
      response.writeHead(200, { "Content-Type": "text/css" });
      return response.end(options.css ?? "");
    }
    // Elements below different ones have clients of their own.
    const [gateway] = /^\/anaplan[\w-]*(?=\/)/.exec(url.pathname) ?? [];
    if (!gateway) return assets(request, response);
    const { method } = request;
    const path = url.pathname.slice(gateway.length);
    calls.push(`${method} ${path}`);
    if (other?.(request, response, url)) return;
    const [, action, task] =
      /^\/workspaces\/W1\/models\/M1\/\w+\/(\w+)\/tasks\/?(\w+)?$/.exec(path) ?? [];
    if (task && task in tasks) return answer(response, tasks[task], task, method);
    if (action && !task && action in lists) return answer(response, lists[action], action, method);
    json(response, { status: { code: 404, message: "There is no such thing." } }, 404);
  });
  const { page: opened, errors } = await openPage(t, browser, context);
  return {
    page: opened,
    errors,
    calls,
    base,
    async open() {
      await opened.goto(base);
      return opened;
    },
  };
}

function page(body, { head, lang, dir }) {
  return `<!doctype html>
<html lang="${lang}" dir="${dir}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark">
    <title>Exports</title>
    <link rel="stylesheet" href="page.css">
    <script type="module" src="element.js"></script>
    ${head}
  </head>
  <body><main>${body}</main></body>
</html>`;
}

const started = 1_700_000_000_000;

/** What Anaplan says of a task in each state. */
export const said = {
  waiting: { taskState: "NOT_STARTED", currentStep: "Not started", creationTime: started },
  running: {
    taskState: "IN_PROGRESS",
    currentStep: "Exporting rows",
    progress: 0.42,
    creationTime: started,
  },
  unmeasured: { taskState: "IN_PROGRESS", currentStep: "Loading model", creationTime: started },
  cancelling: { taskState: "CANCELLING", currentStep: "Cancelling", creationTime: started },
  cancelled: {
    taskState: "CANCELLED",
    creationTime: started,
    result: { successful: false, objectName: "Revenue by region" },
  },
  succeeded: {
    taskState: "COMPLETE",
    currentStep: "Complete.",
    progress: 1,
    creationTime: started,
    result: { successful: true, objectId: "E1", objectName: "Revenue by region" },
  },
  failed: {
    taskState: "COMPLETE",
    creationTime: started,
    result: {
      successful: false,
      objectName: "Revenue by region",
      details: [
        {
          type: "notAuthorised",
          localMessageText: "You do not have access to the module “Revenue”.",
          occurrences: 2,
          values: { module: "Revenue" },
        },
      ],
    },
  },
  unknown: { taskState: "CONSOLIDATING", currentStep: "Consolidating", creationTime: started },
};

export const startedAt = started;

/** What of the elements on a page sticks out of its card, and whether the page scrolls sideways. */
export function misplaced(page) {
  return page.evaluate(() => {
    const faults = new Set();
    if (document.documentElement.scrollWidth > innerWidth) faults.add("the page scrolls sideways");
    for (const element of document.querySelectorAll("anaplan-task-status")) {
      const name = element.getAttribute("task-id") || element.id || element.parentElement.id;
      const card = element.shadowRoot.querySelector("#card");
      const edge = card.getBoundingClientRect();
      for (const inner of card.querySelectorAll("*")) {
        if (inner.closest("svg, .bar")) continue;
        const { left, right, top, bottom } = inner.getBoundingClientRect();
        const isBeside = left < edge.left - 1 || right > edge.right + 1;
        const isBeyond = top < edge.top - 1 || bottom > edge.bottom + 1;
        if (isBeside || isBeyond) {
          faults.add(`${name}: ${inner.id || inner.className || inner.localName} sticks out`);
        }
      }
    }
    return [...faults];
  });
}

export const read = (file) => readFile(at(file), "utf8");
