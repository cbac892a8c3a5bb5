// Everything that must hold, each part run whether or not the one before it did. With words behind
// it (`npm test -- client`), only the suites whose path contains one of them.
import { statSync } from "node:fs";
import { relative, sep } from "node:path";
import { build } from "./build.mjs";
import { at, root, wasmTarget } from "./project.mjs";
import { Stop, exitCode, program, say } from "./run.mjs";
import { setup } from "./setup.mjs";
import { filesBelow } from "./stamp.mjs";

const crates = ["anaplan-tasks", "anaplan-tasks-gateway", "anaplan-tasks-simulator"];

async function test(words) {
  const steps = words.length ? suites(words) : [...checks(), ...suites(words), sizeCheck];
  await setup({ tests: true });
  await build({ tests: true });

  const results = [];
  for (const step of steps) results.push(await outcome(step));
  report(results, { whole: words.length === 0 });
}

/** What is checked without running anything. */
function checks() {
  const clippy = (...args) => ["cargo", ["clippy", "--quiet", ...args, "--", "-D", "warnings"]];
  return [
    { name: "rustfmt", command: ["cargo", ["fmt", "--all", "--check"]] },
    { name: "prettier", command: node("prettier/bin/prettier.cjs", "--check", ".") },
    { name: "clippy", command: clippy("--workspace", "--all-targets") },
    // Half of the code exists only there.
    ...crates.map((crate) => ({
      name: `clippy, wasm, ${crate}`,
      command: clippy("--package", crate, "--lib", "--all-features", "--target", wasmTarget),
    })),
    { name: "tsc", command: node("typescript/bin/tsc", "--noEmit", "--pretty") },
  ];
}

/** What is run: Rust's tests by their own path, `module::test`; JavaScript's by their file's. */
function suites(words) {
  // The largest first, which are the longest as a rule.
  const files = filesBelow(at("tests"))
    .sort((a, b) => statSync(b).size - statSync(a).size)
    .map((file) => relative(root, file).split(sep).join("/"))
    .filter((file) => file.endsWith(".test.mjs"))
    .filter((file) => !words.length || words.some((word) => file.includes(word)));
  const cargo = ["test", "--workspace"];
  const all = [
    { name: "cargo test", command: ["cargo", words.length ? [...cargo, "--", ...words] : cargo] },
    { name: "node --test", command: [process.execPath, ["scripts/suites.mjs", ...files]] },
  ];
  // Without files, Node would look for tests by itself and find those of others.
  return files.length ? all : all.slice(0, 1);
}

const sizeCheck = { name: "size", command: [process.execPath, ["scripts/size.mjs"]] };

// Their output is read on its way, so they do not see the terminal that it ends up on.
const colours = process.stdout.isTTY ? { FORCE_COLOR: "1", CARGO_TERM_COLOR: "always" } : {};

function node(script, ...args) {
  return [process.execPath, [at("node_modules", script), ...args]];
}

async function outcome({ name, command: [program, args] }) {
  console.log(`\n── ${name} ──`);
  const started = performance.now();
  const counter = new Counter();
  const code = await exitCode(program, args, {
    env: colours,
    onOutput: (text) => counter.read(text),
    // Far more than any part takes: what reaches it hangs.
    limit: 30 * 60_000,
  });
  counter.end();
  const failed = code !== 0;
  // What fails before its first test has failed all the same.
  if (failed && counter.failed === 0) counter.failed = 1;
  return { name, failed, counter, seconds: (performance.now() - started) / 1000 };
}

/** Reads the closing lines of `cargo test` and `node --test` out of what they print. */
class Counter {
  passed = 0;
  failed = 0;
  skipped = 0;
  #line = "";

  read(text) {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop();
    for (const line of lines) this.#count(line);
  }

  end() {
    this.#count(this.#line);
  }

  #count(coloured) {
    const line = coloured.replace(/\x1b\[[0-9;]*m/g, "");
    const cargo = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
    if (cargo) this.#add(...cargo.slice(1).map(Number));
    const nodeTest = /^ℹ (pass|fail|cancelled|skipped|todo) (\d+)$/.exec(line);
    if (!nodeTest) return;
    const count = Number(nodeTest[2]);
    if (nodeTest[1] === "pass") this.#add(count, 0, 0);
    else if (nodeTest[1] === "fail" || nodeTest[1] === "cancelled") this.#add(0, count, 0);
    else this.#add(0, 0, count);
  }

  #add(passed, failed, skipped) {
    this.passed += passed;
    this.failed += failed;
    this.skipped += skipped;
  }
}

function report(results, { whole }) {
  console.log("\n── summary ──");
  for (const { name, failed, seconds } of results) {
    console.log(`${failed ? "FAILED" : "ok    "}  ${name} (${seconds.toFixed(1)} s)`);
  }
  const sum = (what) => results.reduce((total, { counter }) => total + counter[what], 0);
  const [passed, failed, skipped] = ["passed", "failed", "skipped"].map(sum);
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
  if (results.some((result) => result.failed)) process.exitCode = 1;
  else if (whole && skipped) throw new Stop("tests were skipped, and all of them are to run");
  else if (whole && !results.find(({ name }) => name === "node --test")?.counter.passed)
    throw new Stop("the JavaScript tests did not run, or their closing lines have changed");
  else if (passed === 0) throw new Stop("no test was run; does any path contain these words?");
}

await program(import.meta.url, () => test(process.argv.slice(2)));
