// How long the first request takes from an `import` on, in a fresh process and in a fresh browser
// profile, beside the same request by plain `fetch`.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findBrowser } from "../scripts/browser.mjs";
import { at } from "../scripts/project.mjs";
import { interleaved, median, table } from "./stats.mjs";

const rounds = Number(process.env.ROUNDS ?? 20);
const probe = fileURLToPath(new URL("start/probe.mjs", import.meta.url));
const ways = ["anaplan-tasks", "plain fetch"];

async function main() {
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;

  report(`Node ${process.versions.node}`, await interleaved(rounds, inNode(origin)));
  const browser = await launch();
  if (browser) {
    const runs = inBrowser(browser, origin);
    // The first page of a process pays for the process.
    await interleaved(2, runs);
    report(`Chromium ${browser.version()}`, await interleaved(rounds, runs));
    await browser.close();
  }
  server.close();
  server.closeAllConnections();
}

/** A page, the package, the probe, and for every other path a task. */
function serve(request, response) {
  const answer = (type, content) =>
    response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(content);
  switch (request.url) {
    case "/":
      return answer("text/html", "<!doctype html><title>start</title>");
    case "/index.js":
      return answer("text/javascript", readFileSync(at("pkg", "index.js")));
    case "/probe.mjs":
      return answer("text/javascript", readFileSync(probe));
    default:
      return answer("application/json", '{"task":{"taskId":"T","taskState":"IN_PROGRESS"}}');
  }
}

function inNode(origin) {
  return Object.fromEntries(
    ways.map((way) => [
      way,
      async () => {
        const script = `
          const { probe } = await import(${JSON.stringify(new URL(probe, "file:").href)});
          console.log(JSON.stringify(await probe(${JSON.stringify(way)}, "anaplan-tasks", "${origin}")));
          process.exit();`;
        const { stdout } = await promisify(execFile)(
          process.execPath,
          ["--input-type=module", "--eval", script],
          { cwd: at() },
        );
        return JSON.parse(stdout);
      },
    ]),
  );
}

async function launch() {
  const executablePath = findBrowser();
  if (!executablePath) return console.log("No Chromium here.");
  const { chromium } = await import("playwright-core");
  // The sandbox starts neither as root nor in most containers, and the page is our own.
  return chromium.launch({ executablePath, chromiumSandbox: false, args: ["--disable-gpu"] });
}

function inBrowser(browser, origin) {
  const visit = async (way) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(origin);
    const result = await page.evaluate(
      async ([way, origin]) =>
        (await import("/probe.mjs")).probe(way, "/index.js", `${origin}/2/0`),
      [way, origin],
    );
    await context.close();
    return result;
  };
  return Object.fromEntries(ways.map((way) => [way, () => visit(way)]));
}

function report(where, results) {
  const head = [where, "import ms", "connect()", "status() to fetch", "to the answer", "together"];
  const rows = ways.map((way) => {
    const of = (what) => median(results[way].map((result) => result[what])).toFixed(1);
    return [way, ...["imported", "connected", "sent", "answered", "all"].map(of)];
  });
  console.log(`${table(head, rows)}\n`);
}

await main();
