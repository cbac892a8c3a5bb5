// The licences of what is inside the published files, which ask to be passed on with it.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { at, wasmTarget } from "./project.mjs";
import { Stop, ask } from "./run.mjs";

/** Packages from npm that the bundles contain. */
const bundled = [
  "@hono/node-server",
  "string-width",
  "strip-ansi",
  "ansi-regex",
  "get-east-asian-width",
  "lit",
  "lit-html",
  "lit-element",
  "@lit/reactive-element",
];

export function writeLicenses() {
  const parts = [...crates(), ...bundled.map(npmPackage)].map(
    ({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text.trim()}\n`,
  );
  const rule = `\n${"-".repeat(80)}\n\n`;
  const head = "anaplan-tasks contains code of these projects, under their licences:\n";
  writeFileSync(at("pkg", "THIRD-PARTY-LICENSES.txt"), [head, ...parts].join(rule));
}

/** The crates that end up in a wasm file, each once, by name. */
function* crates() {
  const flags = ["--format-version", "1", "--locked", "--filter-platform", wasmTarget];
  const { packages, resolve, workspace_members } = JSON.parse(ask("cargo", ["metadata", ...flags]));
  const byId = new Map(packages.map((one) => [one.id, one]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const seen = new Set(workspace_members);
  // A set that grows while it is walked: dependencies of dependencies come, too.
  for (const id of seen) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const isLinked = dep_kinds.some(({ kind }) => kind === null);
      const isMacro = byId.get(pkg).targets.some(({ kind }) => kind.includes("proc-macro"));
      if (isLinked && !isMacro) seen.add(pkg);
    }
  }
  const found = [...seen].filter((id) => !workspace_members.includes(id)).map((id) => byId.get(id));
  for (const { name, version, license, manifest_path } of found.sort(byName)) {
    yield { name, version, licence: license, text: licenceIn(dirname(manifest_path), license) };
  }
}

function npmPackage(name) {
  const folder = at("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return { name, version, licence: license, text: licenceIn(folder, license) };
}

/** The text of the licence; of several to choose from, MIT's. */
function licenceIn(folder, licence) {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|unlicense)/i.test(name));
  const file = names.find((name) => /mit/i.test(name)) ?? names[0];
  if (file && existsSync(join(folder, file))) return readFileSync(join(folder, file), "utf8");
  // Some crates name a licence and leave its text to where they come from.
  if (licence) return `Licensed under ${licence}.`;
  throw new Stop(`${folder} says nothing of a licence`);
}

function byName(a, b) {
  return a.name < b.name ? -1 : 1;
}
