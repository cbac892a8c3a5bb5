// Makes pkg/, which is what npm publishes, and www/lib/, which is what the page loads. Does only
// the parts whose inputs changed.
import { copyFileSync, mkdirSync } from "node:fs";
import { oneAtATime } from "./lock.mjs";
import { at } from "./project.mjs";
import { ask, program, say } from "./run.mjs";
import { setup } from "./setup.mjs";
import { fingerprint, unlessDone } from "./stamp.mjs";

/** The files of TypeScript that users import from, by their names. */
const entries = [
  ...["index", "gateway", "simulator", "element", "element-class"],
  ...["element-react", "element-svelte", "element-vue"],
];

const pageFiles = ["index.js", "simulator.js", "element.js", "element-class.js"];

/** All that is published; with `tests`, also what only the tests need. */
export async function build({ tests = false } = {}) {
  const started = performance.now();
  const built = [];
  await oneAtATime(async () => {
    for (const part of parts({ tests })) {
      if (await unlessDone(part, part.work)) built.push(part.name);
    }
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(built.length ? `built ${built.join(", ")} in ${seconds} s` : "build is up to date");
}

// The modules that do the work are loaded when there is work: what they import exists only after
// the set-up, and loading it would take longer than finding that nothing changed.
function* parts({ tests }) {
  const tools = [
    { value: ask("rustc", ["-vV"]) },
    "scripts/project.mjs",
    "scripts/wasm.mjs",
    "scripts/names.mjs",
    "node_modules/binaryen/package.json",
  ];
  const client = ["Cargo.toml", "Cargo.lock", "src", ...tools];
  const gateway = [...client, "gateway"];
  const simulator = [...client, "simulator"];
  const typescript = ["ts", "tsconfig.json", "package.json", "package-lock.json"];
  // What wasm-pack made follows from these inputs, and reading them is quicker than reading it.
  const cores = { value: fingerprint([...gateway, "simulator"]) };
  const bundler = ["scripts/bundle.mjs", "scripts/glue.mjs", "scripts/wasm-text.mjs"];

  yield {
    name: "client core",
    inputs: client,
    outputs: ["pkg/core.js", "pkg/core_bg.wasm", "pkg/core.d.ts"],
    work: async () => (await import("./wasm.mjs")).buildWasm({ crate: ".", name: "core" }),
  };
  yield {
    name: "gateway core",
    inputs: gateway,
    outputs: ["pkg/gateway_core.js", "pkg/gateway_core_bg.wasm", "pkg/gateway_core.d.ts"],
    work: async () =>
      (await import("./wasm.mjs")).buildWasm({ crate: "gateway", name: "gateway_core" }),
  };
  yield {
    name: "simulator core",
    inputs: simulator,
    outputs: ["pkg/simulator_core.js", "pkg/simulator_core_bg.wasm", "pkg/simulator_core.d.ts"],
    work: async () =>
      (await import("./wasm.mjs")).buildWasm({ crate: "simulator", name: "simulator_core" }),
  };
  yield {
    name: "JavaScript",
    inputs: [...typescript, ...bundler, cores],
    outputs: [
      ...entries.flatMap((name) => [`${name}.js`, `${name}.cjs`]),
      ...["workerd.js", "gateway-workerd.js", "cli.js"],
    ].map((file) => `pkg/${file}`),
    work: async () => (await import("./bundle.mjs")).bundle(),
  };
  yield {
    name: "types",
    inputs: [...typescript, "scripts/types.mjs", cores],
    outputs: entries.flatMap((name) => [`pkg/${name}.d.ts`, `pkg/${name}.d.cts`]),
    work: async () => (await import("./types.mjs")).rollUpTypes(entries),
  };
  yield {
    name: "manifest",
    inputs: ["ts/types/element.ts", "ts/element/style.css", "scripts/manifest.mjs"],
    outputs: ["pkg/custom-elements.json"],
    work: async () => (await import("./manifest.mjs")).writeManifest(),
  };
  yield {
    name: "licences",
    inputs: ["Cargo.lock", "package-lock.json", "scripts/licenses.mjs"],
    outputs: ["pkg/THIRD-PARTY-LICENSES.txt"],
    work: async () => (await import("./licenses.mjs")).writeLicenses(),
  };
  yield {
    name: "page",
    inputs: pageFiles.map((file) => `pkg/${file}`),
    outputs: pageFiles.map((file) => `www/lib/${file}`),
    work: copyToPage,
  };
  if (!tests) return;
  const folder = "target/panicking";
  yield {
    name: "client that panics",
    inputs: [...client, ...typescript, ...bundler],
    outputs: ["core.js", "core_bg.wasm", "index.js"].map((file) => `${folder}/${file}`),
    work: async () => {
      await (await import("./wasm.mjs")).buildPanickingWasm(folder);
      await (await import("./bundle.mjs")).bundleClient(`${folder}/index.js`, { folder });
    },
  };
}

function copyToPage() {
  mkdirSync(at("www", "lib"), { recursive: true });
  for (const file of pageFiles) {
    copyFileSync(at("pkg", file), at("www", "lib", file));
  }
}

await program(import.meta.url, async () => {
  await setup();
  await build();
});
