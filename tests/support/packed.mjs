// The package as a user gets it: packed, and installed in an empty folder far from its sources.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { at } from "../../scripts/project.mjs";
import { npm } from "../../scripts/run.mjs";
import { runProgram } from "./process.mjs";

let packed;

/** `{ folder, tarball, files }`; made once for all tests of a file, and removed after them. */
export function packedPackage() {
  return (packed ??= pack());
}

async function pack() {
  const temp = realpathSync(mkdtempSync(join(tmpdir(), "anaplan-tasks-package-")));
  // Made by whichever test comes first, used by all: it goes when the test file's process does.
  process.on("exit", () => rmSync(temp, { recursive: true, force: true }));

  const [report] = JSON.parse(
    await npmOutput(at(), "pack", "--json", "--ignore-scripts", "--pack-destination", temp),
  );
  const tarball = join(temp, report.filename);

  const folder = join(temp, "app");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "app", private: true }));
  await npmOutput(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", tarball);
  return { folder, tarball, files: report.files.map((file) => file.path).sort() };
}

/** A copy of the folder with the package installed, with `files` (name to text) added to it. */
export async function consumer(name, files = {}) {
  const { folder } = await packedPackage();
  const copy = join(folder, "..", name);
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(copy, file), text);
  return copy;
}

/** Puts packages of this repository beside the installed one, as if they had been installed, too. */
export function lend(folder, packages) {
  for (const name of packages) {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(at("node_modules", name), path, "junction");
  }
}

async function npmOutput(cwd, ...args) {
  const [program, all] = npm(...args);
  const { code, stdout, stderr } = await runProgram(program, all, { cwd });
  if (code !== 0) throw new Error(`npm ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}
