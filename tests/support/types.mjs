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
export async function holds(name, { type, ...options }, files, packages = []) {
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
    "tsconfig.json": JSON.stringify({ compilerOptions, files: Object.keys(files) }),
  });
  lend(folder, packages);
  const tsc = at("node_modules", "typescript", "bin", "tsc");
  const { stdout } = await runProgram(process.execPath, [tsc, "--project", folder]);
  assert.equal(stdout, "");
}
