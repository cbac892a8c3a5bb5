// The installed package in a browser: through each bundler as it comes, and without any.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";
import { answerTask, ref } from "../support/anaplan.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { consumer } from "../support/packed.mjs";
import { files, serve } from "../support/server.mjs";

const use = `
  connect({ baseUrl: "/anaplan" })
    .then((anaplan) => anaplan.task(${JSON.stringify(ref)}).status())
    .then(
      (status) => (document.documentElement.dataset.phase = status.phase),
      (error) => (document.documentElement.dataset.phase = "rejected: " + error),
    );
`;
const app = `import { connect } from "anaplan-tasks"; ${use}`;
const plain = `import { connect } from "./node_modules/anaplan-tasks/pkg/index.js"; ${use}`;
const page = (script) => `<!doctype html><meta charset="utf-8"><title>Test</title>${script}`;

describe("in a browser", () => {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  test("a Vite build", async (t) => {
    const root = await consumer("vite", {
      "index.html": page('<script type="module" src="/app.js"></script>'),
      "app.js": app,
    });
    await vite.build({ root, logLevel: "warn" });
    await runs(t, { folder: join(root, "dist") });
  });

  test("Vite's development server", async (t) => {
    const root = await consumer("vite-dev", {
      "index.html": page('<script type="module" src="/app.js"></script>'),
      "app.js": app,
    });
    const api = await serve(t, handler(root));
    const server = await vite.createServer({
      root,
      logLevel: "warn",
      server: { host: "127.0.0.1", port: 0, proxy: { "/anaplan": api, "/favicon.ico": api } },
    });
    t.after(() => server.close());
    await server.listen();
    const { port } = server.httpServer.address();
    await shows(t, `http://127.0.0.1:${port}/`);
  });

  test("an esbuild bundle", async (t) => {
    const folder = await consumer("esbuild", {
      "index.html": page('<script src="out.js" defer></script>'),
      "app.js": app,
    });
    await esbuild.build({
      entryPoints: [join(folder, "app.js")],
      outfile: join(folder, "out.js"),
      bundle: true,
    });
    await runs(t, { folder });
  });

  test("a webpack build", async (t) => {
    const folder = await consumer("webpack", {
      "index.html": page('<script src="out.js" defer></script>'),
      "app.js": app,
    });
    const stats = await new Promise((resolve, reject) =>
      webpack(
        {
          mode: "production",
          context: folder,
          entry: "./app.js",
          output: { path: folder, filename: "out.js" },
          // Of every asset above 250 kB, it advises to load it later.
          performance: { hints: false },
        },
        (error, result) => (error ? reject(error) : resolve(result)),
      ),
    );
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    assert.deepEqual({ errors, warnings }, { errors: [], warnings: [] });
    await runs(t, { folder });
  });

  test("a plain module script", async (t) => {
    const folder = await consumer("plain", {
      "index.html": page(`<script type="module">${plain}</script>`),
    });
    await runs(t, { folder });
  });

  test("a strict Content-Security-Policy", async (t) => {
    const folder = await consumer("policy", {
      "index.html": page('<script type="module" src="app.js"></script>'),
      "app.js": plain,
    });
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
    await runs(t, { folder, headers: { "Content-Security-Policy": policy } });
  });

  /** The files below `folder`, with the API beside them, show the task's phase. */
  async function runs(t, { folder, headers }) {
    await shows(t, `${await serve(t, handler(folder, headers))}/`);
  }

  async function shows(t, url) {
    const { page, errors } = await openPage(t, browser);
    await page.goto(url);
    const shown = await page.waitForFunction(() => document.documentElement.dataset.phase);
    const phase = await shown.jsonValue();
    assert.deepEqual({ phase, errors }, { phase: "running", errors: [] });
  }
});

function handler(folder, headers) {
  const file = files(folder, { headers });
  return (request, response) => {
    if (answerTask(request, response, "/anaplan")) return;
    if (request.url === "/favicon.ico") response.writeHead(204).end();
    else file(request, response);
  };
}
