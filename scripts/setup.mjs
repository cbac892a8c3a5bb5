// Installs what the build and the tests need and the machine does not have yet: nothing else, and
// into the project's own folder wherever that is possible. Prints only what it does.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { findBrowser } from "./browser.mjs";
import { oneAtATime } from "./lock.mjs";
import { at, executable, rustTools, wasmTarget } from "./project.mjs";
import { findRedis } from "./redis.mjs";
import { Stop, ask, npm, program, run, say } from "./run.mjs";

/** What the build needs; with `tests`, also what only the tests need. */
export async function setup({ tests = false } = {}) {
  await oneAtATime(async () => {
    await rustTarget();
    if (tests) await rustLints();
    for (const tool of rustTools()) await rustTool(tool);
    await packages();
    if (tests) await chromium();
    if (tests) await redis();
  });
}

async function rustTarget() {
  // Asking rustc rather than rustup also serves those whose Rust comes from their distribution.
  const libraries = ask("rustc", ["--print", "target-libdir", "--target", wasmTarget]);
  if (libraries === undefined || ask("cargo", ["--version"]) === undefined) {
    throw new Stop(
      "Rust is missing (`rustc` and `cargo` do not answer). Install it with rustup, as " +
        "https://rust-lang.org/tools/install describes, then run this command again.",
    );
  }
  if (existsSync(libraries) && readdirSync(libraries).some((name) => name.startsWith("libcore-"))) {
    return;
  }
  if (ask("rustup", ["--version"]) === undefined) {
    throw new Stop(
      `this Rust cannot build for ${wasmTarget}, and there is no rustup to add that. Install your ` +
        `distribution's package with the standard library for ${wasmTarget}, or Rust by rustup.`,
    );
  }
  say(`adding the Rust target ${wasmTarget} (seconds)`);
  await run("rustup", ["target", "add", wasmTarget]);
}

async function rustLints() {
  const missing = [
    ["rustfmt", "fmt"],
    ["clippy", "clippy"],
  ].filter(([, command]) => ask("cargo", [command, "--version"]) === undefined);
  if (missing.length === 0) return;
  const components = missing.map(([component]) => component);
  say(`adding the Rust components ${components.join(" and ")} (seconds)`);
  await run("rustup", ["component", "add", ...components]);
}

async function rustTool({ name, crate, version }) {
  const own = at(".tools", "bin", name + executable);
  // Ours comes first on the build's PATH, so another's matters only where we have none.
  const found = ask(existsSync(own) ? own : name, ["--version"]);
  if (found?.split(" ")[1] === version) return;
  say(`building ${crate} ${version} into .tools/ (once, about a minute on two cores)`);
  const args = ["install", crate, "--version", version, "--locked", "--force", "--quiet"];
  await run("cargo", [...args, "--root", at(".tools")], { env: compileQuickly });
}

// These tools run for a fraction of a second per build: optimising them takes longer than it saves.
const compileQuickly = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
};

async function packages() {
  const lock = createHash("sha256")
    .update(readFileSync(at("package-lock.json")))
    .digest("hex");
  // Inside node_modules, so that it disappears together with what it vouches for.
  const stamp = at("node_modules", ".anaplan-tasks-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("installing the npm packages of package-lock.json (about 10 seconds)");
  // No package here needs its install script; none gets to run one.
  const [command, args] = npm("ci", "--ignore-scripts", "--no-audit", "--no-fund");
  await run(command, args);
  mkdirSync(at("node_modules"), { recursive: true });
  writeFileSync(stamp, lock);
}

async function chromium() {
  if (findBrowser()) return;
  // Ubuntu's package of that name only leads to a snap, which a container cannot install.
  if (process.getuid?.() === 0 && isLike("debian") && !isLike("ubuntu")) {
    say("installing Chromium for the tests by apt-get (about a minute)");
    await aptInstall("chromium");
  }
  if (findBrowser()) return;
  say("downloading Chromium for the tests by Playwright (about a minute)");
  const withLibraries = process.getuid?.() === 0 ? ["--with-deps"] : [];
  const cli = at("node_modules", "playwright-core", "cli.js");
  await attempt(process.execPath, [cli, "install", ...withLibraries, "chromium"]);
  if (findBrowser()) return;
  throw new Stop(
    "the tests need a Chromium and none could be installed. Install Chromium, Chrome or Edge (on " +
      "Debian: `sudo apt-get install chromium`), or set CHROME_PATH to one, then run this again.",
  );
}

async function redis() {
  if (findRedis()) return;
  if (process.getuid?.() === 0 && isLike("debian")) {
    say("installing a Redis server for the tests by apt-get (seconds)");
    await aptInstall("redis-server");
    // The package also starts one for good. The tests start their own.
    ask("service", ["redis-server", "stop"]);
    ask("update-rc.d", ["redis-server", "disable"]);
  }
  if (findRedis()) return;
  throw new Stop(
    "the tests need a Redis server and none could be installed. Install Redis or Valkey (on Debian " +
      "and Ubuntu: `sudo apt-get install redis-server`; on a Mac: `brew install redis`), or set " +
      "REDIS_SERVER to the path of one, then run this again.",
  );
}

/** Whether the system is that distribution, or one made of it. */
function isLike(distribution) {
  const path = "/etc/os-release";
  const release = existsSync(path) ? readFileSync(path, "utf8") : "";
  return new RegExp(`^ID(_LIKE)?=.*\\b${distribution}\\b`, "m").test(release);
}

async function aptInstall(name) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await attempt("apt-get", ["update", "-qq"], { env });
  await attempt("apt-get", ["install", "-y", "-qq", name], { env });
}

// One way to get a program failing is no reason not to try the next.
async function attempt(command, args, options) {
  try {
    await run(command, args, options);
  } catch (error) {
    say(error.message);
  }
}

await program(import.meta.url, () => setup({ tests: process.argv.includes("--tests") }));
