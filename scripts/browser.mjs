// Finds the Chromium that the tests drive, wherever the system or the user keeps one.
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fromEnvironment, isProgram, onPath } from "./programs.mjs";

/** The path of a Chromium, Chrome or Edge; undefined when there is none. */
export function findBrowser() {
  const given = fromEnvironment("CHROME_PATH", "CHROMIUM_PATH");
  return given ?? [...wellKnown(), ...downloaded()].find(isProgram);
}

function wellKnown() {
  if (process.platform === "darwin") {
    return ["/Applications", join(homedir(), "Applications")].flatMap((folder) =>
      ["Google Chrome", "Chromium", "Microsoft Edge"].map((app) =>
        join(folder, `${app}.app`, "Contents", "MacOS", app),
      ),
    );
  }
  if (process.platform === "win32") {
    const folders = ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].map(
      (v) => process.env[v],
    );
    return folders
      .filter(Boolean)
      .flatMap((folder) => [
        join(folder, "Google", "Chrome", "Application", "chrome.exe"),
        join(folder, "Chromium", "Application", "chrome.exe"),
        join(folder, "Microsoft", "Edge", "Application", "msedge.exe"),
      ]);
  }
  return onPath(
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
  );
}

// Playwright's own cache, read directly: loading Playwright to ask it takes longer than all else here.
function downloaded() {
  const cache = process.env.PLAYWRIGHT_BROWSERS_PATH || playwrightCache();
  const app = (name) => join(`${name}.app`, "Contents", "MacOS", name);
  return list(cache)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((a, b) => Number(b.slice(9)) - Number(a.slice(9)))
    .flatMap((name) => list(join(cache, name)).map((build) => join(cache, name, build)))
    .flatMap((build) =>
      ["chrome", "chrome.exe", app("Chromium"), app("Google Chrome for Testing")].map((program) =>
        join(build, program),
      ),
    );
}

function playwrightCache() {
  const caches = {
    darwin: join(homedir(), "Library", "Caches"),
    win32: process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"),
  };
  const fallback = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(caches[process.platform] ?? fallback, "ms-playwright");
}

function list(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
