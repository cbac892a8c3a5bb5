// A headless Chromium, and pages in it that fail a test when they print an error.
import { chromium } from "playwright-core";
import { findBrowser } from "../../scripts/browser.mjs";

/** One browser for a test file, which closes it in its `after`. */
export async function launchBrowser({ args = [] } = {}) {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error("no Chromium; `npm test` installs one or says how to");
  return chromium.launch({
    executablePath,
    // The sandbox starts neither as root nor in most containers, and the pages are our own. The
    // other flags keep the browser from calling home.
    chromiumSandbox: false,
    // A test file that hangs is ended by a signal: it must not stay for the browser's sake.
    handleSIGTERM: false,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...args,
    ],
  });
}

/** A new page, closed with the test `t`, and the errors that it printed or threw, in order. */
export async function openPage(t, browser, options) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { page, errors };
}
