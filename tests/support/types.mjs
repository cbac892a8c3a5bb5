// The published types under TypeScript as users set it up, the library's own files included.
import assert from "node:assert/strict";
import { at } from "../../scripts/project.mjs";
import { consumer, lend } from "./packed.mjs";
import { runProgram } from "./process.mjs";

/** How programs are told to look up what they import. */
export const modules = [
  { name: "node16, CommonJS", type: "commonjs", module: "node16", moduleResolution: "node16" },
  { name: "node16, ESM", type: "module", module: "node16", moduleResolution: "node16" },
  { name: "nodenext", type: "module", module: "nodenext", moduleResolution: "nodenext" },
  { name: "bundler", type: "module", module: "esnext", moduleResolution: "bundler" },
];

/**
 * TypeScript finds nothing wrong with the files (name to text), and nothing right where they expect
 * an error. `packages` are lent to them.
 */
export async function holds(name, options, files, packages) {
  const folder = await project(name, options, files, packages);
  assert.equal(await says("typescript/bin/tsc", "--project", folder), "");
}

/** The lines of a Vue component in which Vue's own tool finds a fault. */
export async function faultsInVue(name, component) {
  // What is not known at all is a fault, too.
  const settings = { vueCompilerOptions: { strictTemplates: true } };
  const folder = await project(name, frameworks, { "app.vue": component }, ["vue"], settings);
  const said = await says("vue-tsc/bin/vue-tsc.js", "--project", folder);
  return lines(said, /app\.vue\((\d+),\d+\): error/g);
}

/** The lines of a Svelte component in which Svelte's own tool finds a fault. */
export async function faultsInSvelte(name, component) {
  const folder = await project(name, frameworks, { "app.svelte": component }, ["svelte"]);
  const options = ["--workspace", folder, "--tsconfig", "./tsconfig.json", "--output", "machine"];
  const said = await says("svelte-check/bin/svelte-check", ...options);
  assert.match(said, /COMPLETED/);
  return lines(said, /ERROR "app\.svelte" (\d+):/g);
}

// The types of frameworks themselves take long, and are no concern of ours.
const frameworks = {
  type: "module",
  module: "esnext",
  moduleResolution: "bundler",
  skipLibCheck: true,
};

function lines(said, fault) {
  return [...new Set(Array.from(said.matchAll(fault), ([, line]) => Number(line)))];
}

async function project(name, { type, ...options }, files, packages = [], settings = {}) {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    // What is TypeScript's own takes longest, and is no concern of ours.
    skipDefaultLibCheck: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  const folder = await consumer(`types-${name.replaceAll(/\W+/g, "-")}`, {
    ...files,
    "package.json": JSON.stringify({ type }),
    "tsconfig.json": JSON.stringify({ ...settings, compilerOptions, include: ["*"] }),
  });
  lend(folder, packages);
  return folder;
}

async function says(tool, ...args) {
  const { stdout } = await runProgram(process.execPath, [at("node_modules", tool), ...args]);
  return stdout;
}
