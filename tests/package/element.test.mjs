// The element out of the installed package: what bundlers keep of it, and what they need not keep.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";
import { answerTask, ref } from "../support/anaplan.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { consumer } from "../support/packed.mjs";
import { files, serve } from "../support/server.mjs";

const ids = Object.entries(ref).map(([name, id]) => `${name.replace("Id", "-id")}="${id}"`);
const tag = `<anaplan-task-status base-url="/anaplan" ${ids.join(" ")}></anaplan-task-status>`;
const page = `<!doctype html><meta charset="utf-8"><title>Test</title>${tag}
  <script type="module" src="/app.js"></script>`;

// Each makes `built/` out of `app.js`, as it comes.
const bundlers = {
  Vite: (root) =>
    vite.build({ root, logLevel: "warn", build: { outDir: "built", modulePreload: false } }),
  esbuild: (folder) =>
    esbuild.build({
      entryPoints: [join(folder, "app.js")],
      outdir: join(folder, "built"),
      bundle: true,
      splitting: true,
      minify: true,
      format: "esm",
    }),
  webpack: (folder) =>
    new Promise((resolve, reject) => {
      const output = { path: join(folder, "built"), filename: "app.js" };
      const settings = { mode: "production", context: folder, entry: "./app.js", output };
      webpack({ ...settings, performance: { hints: false } }, (error, stats) => {
        const said = error ?? stats.toJson({ all: false, errors: true, warnings: true });
        if (error || said.errors.length || said.warnings.length) reject(said);
        else resolve();
      });
    }),
};

describe("an import of the element for its own sake", () => {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  for (const [name, bundle] of Object.entries(bundlers)) {
    test(`${name} keeps it, and the client apart until it is needed`, async (t) => {
      const folder = await consumer(`element-${name}`, {
        "index.html": page,
        "app.js": `import "anaplan-tasks/element";`,
      });
      await bundle(folder);
      const asset = files(join(folder, "built"));
      const source = files(folder);
      const url = await serve(t, (request, response) => {
        if (answerTask(request, response, "/anaplan")) return;
        if (request.url === "/favicon.ico") response.writeHead(204).end();
        else if (request.url === "/" && name !== "Vite") source(request, response);
        else asset(request, response);
      });
      const { page: opened, errors } = await openPage(t, browser);
      await opened.goto(url);
      const element = opened.locator("anaplan-task-status");
      await element.getByRole("group").getByText("Running").waitFor();
      assert.deepEqual(errors, []);
      const built = scripts(join(folder, "built"));
      // What is so large has the core in it.
      assert.equal(built.filter((text) => text.length > 200_000).length, 1);
      assert.ok(built.length > 1);
    });

    test(`${name} drops a client that is not used`, async () => {
      const folder = await consumer(`unused-${name}`, {
        "index.html": page,
        "app.js": `
          import { connect } from "anaplan-tasks";
          console.log("alone");
        `,
      });
      await bundle(folder);
      const total = scripts(join(folder, "built")).join("");
      assert.match(total, /alone/);
      assert.ok(total.length < 2_000, total.slice(0, 2_000));
    });
  }
});

function scripts(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith(".js"))
    .map((file) => readFileSync(join(folder, file), "utf8"));
}
