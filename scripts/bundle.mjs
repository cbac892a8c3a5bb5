// TypeScript and glue to the files that users import: each whole in itself, so that no bundler has
// to be told about WebAssembly.
import { chmodSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import esbuild from "esbuild";
import { glueAsFunction } from "./glue.mjs";
import { at } from "./project.mjs";
import { wasmText } from "./wasm-text.mjs";

const esm = { format: "esm", platform: "neutral", target: "es2022" };
// For Node alone esbuild writes down the names of the exports, where `import` of CommonJS looks.
const cjs = { format: "cjs", platform: "node", target: "es2022" };

export async function bundle() {
  await bundleClient("pkg/index.js");
  await bundleClient("pkg/index.cjs", { format: cjs });
  await bundleClient("pkg/workerd.js", { source: "module" });
  await bundleGateway("pkg/gateway.js");
  await bundleGateway("pkg/gateway.cjs", { format: cjs });
  await bundleGateway("pkg/gateway-workerd.js", { source: "module" });
  await write("ts/simulator.ts", "pkg/simulator.js", esm);
  await write("ts/simulator.ts", "pkg/simulator.cjs", cjs);
  for (const name of ["element", "element-class"]) {
    await bundleElement(name, "js", esm);
    await bundleElement(name, "cjs", cjs);
  }
  // Types alone; what is imported for their sake must be there all the same.
  for (const name of ["element-react", "element-svelte", "element-vue"]) {
    await write(`ts/${name}.ts`, `pkg/${name}.js`, esm);
    await write(`ts/${name}.ts`, `pkg/${name}.cjs`, cjs);
  }

  await write("ts/cli.ts", "pkg/cli.js", {
    format: "esm",
    platform: "node",
    target: "node20",
    plugins: [entriesBesideIt("js")],
  });
  chmodSync(at("pkg", "cli.js"), 0o755);
}

/** The client, with the core that wasm-bindgen put into `folder`. */
export async function bundleClient(
  outfile,
  { format = esm, source = "inline", folder = "pkg" } = {},
) {
  const core = { name: "core", prefix: "#", typescript: at("ts", "wasm") };
  await write("ts/index.ts", outfile, { ...format, plugins: [coreFrom(core, folder, source)] });
}

async function bundleGateway(outfile, { format = esm, source = "inline" } = {}) {
  const core = { name: "gateway_core", prefix: "#gateway-", typescript: at("ts", "gateway") };
  await write("ts/gateway.ts", outfile, { ...format, plugins: [coreFrom(core, "pkg", source)] });
}

/** The element, with Lit in it, so that one script is all that a page needs. */
async function bundleElement(name, ending, format) {
  await write(`ts/${name}.ts`, `pkg/${name}.${ending}`, {
    ...format,
    // Lit's build for Node is the one that also loads on a server, and works in browsers all the same.
    conditions: ["node"],
    alias: { "@lit-labs/ssr-dom-shim": at("ts", "element", "no-dom.ts") },
    plugins: [entriesBesideIt(ending), styleAsText],
  });
}

async function write(entry, outfile, options) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: at(),
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    ...options,
    plugins: [...(options.plugins ?? []), wasmAsText],
  });
  // Printed again with its lines: that of an error which nobody catches goes to the user's log, and
  // in one line it would take the whole core along.
  const { code } = await esbuild.transform(outputFiles[0].text, { loader: "js" });
  await writeFile(at(outfile), forBundlers(code));
}

/** What is imported by a name that is not known here is the host's; minifying takes the word on that. */
function forBundlers(code) {
  return code.replace(
    /\bimport\((\w+)\)/g,
    "import(/* webpackIgnore: true */ /* @vite-ignore */ $1)",
  );
}

// A style sheet, too, without what only its readers need.
const styleAsText = {
  name: "style-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), {
        loader: "css",
        minify: true,
      });
      return { contents: code, loader: "text" };
    });
  },
};

// A `.wasm` file is a text to whoever imports it.
const wasmAsText = {
  name: "wasm-as-text",
  setup(build) {
    build.onLoad({ filter: /\.wasm$/ }, ({ path }) => ({
      contents: wasmText(readFileSync(path)),
      loader: "text",
    }));
  },
};

/**
 * `#wasm`, with another prefix for the gateway, is where an entry takes its core from. Inline is right
 * nearly everywhere; workerd compiles no bytes at run time and wants the file imported, as a module,
 * from beside the entry. `#glue` is what makes the JavaScript around it.
 */
function coreFrom({ name, prefix, typescript }, folder, source) {
  const file = `${name}_bg.wasm`;
  return {
    name: `${name}-${source}`,
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${prefix}wasm$`) }, () => ({
        path: join(typescript, `${source}.ts`),
      }));
      build.onResolve({ filter: new RegExp(`/${file}$`) }, () =>
        source === "module" ? { path: `./${file}`, external: true } : { path: at(folder, file) },
      );
      build.onResolve({ filter: new RegExp(`^${prefix}glue$`) }, () => ({
        path: at(folder, `${name}.js`),
        namespace: "glue",
      }));
      build.onLoad({ filter: /$/, namespace: "glue" }, ({ path }) => ({
        contents: glueAsFunction(readFileSync(path, "utf8")),
      }));
    },
  };
}

// What uses the package's own entries finds them beside it; copies of them would be the same bytes twice.
function entriesBesideIt(ending) {
  return {
    name: "entries-beside-it",
    setup(build) {
      build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
        if (kind === "entry-point") return;
        const file = resolve(resolveDir, path).replace(/\.[jt]s$/, "");
        const entry = entries.find((name) => file === at("ts", name));
        if (entry) return { path: `./${entry}.${ending}`, external: true };
      });
    },
  };
}

const entries = ["index", "gateway", "simulator", "element-class"];
