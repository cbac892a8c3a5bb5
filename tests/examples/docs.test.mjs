// docs/element.md: its examples, run as they stand there under the policy that it names, and its tables.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { transform } from "esbuild";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { csp, said } from "../support/element.mjs";
import { files, json, serve } from "../support/server.mjs";

const text = await readFile(at("docs", "element.md"), "utf8");
const blocks = [...text.matchAll(/```(\w*)\n([^]*?)```/g)].map(([, language, code]) => {
  const [, file] = /^(?:\/\/|<!--|\/\*) (\S+)/.exec(code) ?? [];
  return { language, code, file };
});
const block = (file) => blocks.find((one) => one.file === file).code;
const policy = blocks.find(({ language }) => language === "").code.trim();

describe("docs/element.md", { concurrency: 2 }, () => {
  let browser;
  before(async () => {
    browser = await launchBrowser();
  });
  after(() => browser?.close());

  test("each of its examples is run here", () => {
    assert.deepEqual(
      blocks.map(({ language, file }) => file ?? language),
      ["page.html", "app.js", "closing.js", "client.js", "theme.css", "german.js", ""],
    );
  });

  test("page.html shows the newest run, in the place of what is in the tag", async (t) => {
    const { page, errors, calls } = await open(t, { body: block("page.html") });
    await card(page).getByText("Running").waitFor();
    await page.getByRole("button", { name: "Cancel Revenue by region" }).waitFor();
    const shownOfTag = await page.evaluate(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector("anaplan-task-status"));
      return range.getClientRects().length;
    });
    assert.equal(shownOfTag, 0);
    assert.deepEqual(calls, ["GET tasks", "GET task"]);
    assert.deepEqual(errors, []);
  });

  test("app.js hears how it ended", async (t) => {
    const { page, errors } = await open(t, {
      body: block("page.html"),
      scripts: ["app.js"],
      task: () => said.succeeded,
    });
    await page.waitForFunction(() => document.title === "succeeded: Revenue by region");
    await page.getByRole("button", { name: "Download Revenue by region" }).waitFor();
    assert.deepEqual(errors, []);
  });

  test("closing.js keeps a cancel from being sent", async (t) => {
    const { page, calls } = await open(t, { body: block("page.html"), scripts: ["closing.js"] });
    const cancel = async () => {
      await page.getByRole("button", { name: "Cancel Revenue by region" }).click();
      await page.getByRole("button", { name: "Cancel the task" }).click();
    };
    await page.evaluate(() => document.body.classList.add("closing"));
    await cancel();
    await page.evaluate(() => document.body.classList.remove("closing"));
    await cancel();
    await card(page).getByText("Cancelling").waitFor();
    assert.equal(calls.filter((call) => call === "DELETE task").length, 1);
  });

  test("client.js shows the task of a client of the page's own", async (t) => {
    const { page, errors, calls } = await open(t, { scripts: ["client.js"] });
    await page.getByRole("group", { name: "Export 116000000001" }).getByText("Running").waitFor();
    assert.deepEqual(calls, ["GET task"]);
    assert.deepEqual(errors, []);
  });

  test("theme.css changes its looks", async (t) => {
    const styles = async (task, colorScheme) => {
      const head = '<meta name="color-scheme" content="light dark">';
      const body = block("page.html");
      const opened = await open(t, { head, body, styles: ["theme.css"], task, colorScheme });
      const { page } = opened;
      await page.locator("[part=state]").waitFor();
      await page.waitForFunction(() => !document.querySelector(":state(loading)"));
      return page.evaluate(() => {
        const element = document.querySelector("anaplan-task-status");
        const style = (part) => getComputedStyle(element.shadowRoot.querySelector(part));
        const { backgroundColor, borderTopLeftRadius: radius, fontFamily: font } = style("#card");
        const { letterSpacing } = style("#name");
        const outline = getComputedStyle(element).outlineStyle;
        return { backgroundColor, radius, font, letterSpacing, outline };
      });
    };
    const common = { radius: "0px", font: "Georgia, serif", letterSpacing: "0.32px" };
    assert.deepEqual(await styles(() => said.running, "light"), {
      ...{ backgroundColor: "rgb(255, 253, 247)", outline: "none", ...common },
    });
    assert.deepEqual(await styles(() => said.failed, "dark"), {
      ...{ backgroundColor: "rgb(29, 26, 20)", outline: "solid", ...common },
    });
  });

  test("german.js says all of it in German", async (t) => {
    const source = await readFile(at("ts", "element", "strings.ts"), "utf8");
    const { english } = await loaded((await transform(source, { loader: "ts" })).code);
    const { german } = await loaded(`const document = { querySelectorAll: () => [] };
      ${block("german.js")}`);
    const braces = (strings) =>
      Object.entries(strings).map(([key, text]) => [key, (text.match(/\{\w+\}/g) ?? []).sort()]);
    assert.deepEqual(braces(german), braces(english));

    const options = { body: block("page.html"), scripts: ["german.js"], lang: "de" };
    const { page, errors } = await open(t, options);
    await card(page).getByText("Läuft").waitFor();
    await page.getByRole("button", { name: "Abbrechen Revenue by region" }).waitFor();
    await page.getByText("42 %").waitFor();
    assert.deepEqual(errors, []);
  });

  test("its tables leave nothing out", async () => {
    const manifest = JSON.parse(await readFile(at("pkg", "custom-elements.json"), "utf8"));
    const [{ declarations }] = manifest.modules;
    const { attributes, members, events, cssParts, cssProperties, cssStates } = declarations[0];
    const all = [attributes, members, events, cssParts, cssProperties, cssStates].flat();
    const words = all.map(({ kind, name }) => (kind === "method" ? `${name}()` : name));
    const rows = text.split("\n").filter((line) => line.startsWith("| "));
    const named = new Set(rows.flatMap((row) => row.match(/`[^`]+`/g) ?? []));
    assert.deepEqual(
      words.filter((word) => !named.has(`\`${word}\``)),
      [],
    );
  });

  test("the policy that it names is the one that the element is tested under", () => {
    assert.equal(policy, csp);
  });

  /** A page with `body` and the named examples, and an Anaplan with one task. */
  async function open(t, options) {
    const { body = "", head = "", styles = [], scripts = [], lang = "en", ...rest } = options;
    const { task = () => said.running, ...context } = rest;
    const links = styles.map((file) => `<link rel="stylesheet" href="/${file}">`);
    const tags = scripts.map((file) => `<script type="module" src="/${file}"></script>`);
    const inModel = "/anaplan/workspaces/8a8b8c8d8e8f8081/models/A0B1C2D3E4F5A6B7";
    const path = new RegExp(`^${inModel}/exports/116000000001/tasks(?:/(\\w+)|\\?.*|)$`);
    const html = `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>Revenue</title>
      ${head}${links.join("")}<body>${body}${tags.join("")}</body></html>`;
    const calls = [];
    const assets = files(at("pkg"));
    let isCancelled = false;
    const base = await serve(t, (request, response) => {
      const { method, url } = request;
      const send = (type, content) =>
        response
          .writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy })
          .end(content);
      if (url === "/") return send("text/html", html);
      if (url === "/favicon.ico") return response.writeHead(204).end();
      const file = url.slice(1);
      if (styles.includes(file)) return send("text/css", block(file));
      if (scripts.includes(file)) return send("text/javascript", inBrowser(block(file)));
      if (url.startsWith("/anaplan-tasks/")) {
        request.url = url.slice("/anaplan-tasks".length);
        return assets(request, response);
      }
      const [, taskId] = path.exec(url) ?? assert.fail(url);
      calls.push(`${method} ${taskId ? "task" : "tasks"}`);
      if (!taskId) return json(response, { tasks: [{ taskId: "T1", ...task() }] });
      if (method === "DELETE") isCancelled = true;
      json(response, { task: { taskId, ...(isCancelled ? said.cancelling : task()) } });
    });
    const { page, errors } = await openPage(t, browser, context);
    await page.goto(base);
    return { page, errors, calls };
  }
});

const card = (page) => page.getByRole("group", { name: "Revenue by region", exact: true });

/** What a bundler makes of the package's names. */
function inBrowser(code) {
  return code
    .replaceAll('"anaplan-tasks/element"', '"/anaplan-tasks/element.js"')
    .replaceAll('"anaplan-tasks"', '"/anaplan-tasks/index.js"');
}

function loaded(code) {
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
