// Finds the Chromium that the tests drive, wherever the system or the user keeps one.
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { Stop } from "./run.mjs";

/** The path of a Chromium, Chrome or Edge; undefined when there is none. */
export function findBrowser() {
  return fromEnvironment() ?? [...wellKnown(), ...downloaded()].find(isProgram);
}

// A path that the user gave is never silently replaced by another browser.
function fromEnvironment() {
  for (const name of ["CHROME_PATH", "CHROMIUM_PATH"]) {
    const path = process.env[name];
    if (!path) continue;
    if (!isProgram(path)) throw new Stop(`${name} is set to ${path}, which is not a program`);
    return path;
  }
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
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
  ].flatMap((name) => folders.map((folder) => join(folder, name)));
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

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
