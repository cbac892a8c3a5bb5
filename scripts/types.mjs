// One declaration file per entry, with everything in it that a user can see and nothing else.
import { writeFile } from "node:fs/promises";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import { at } from "./project.mjs";
import { Stop } from "./run.mjs";

const frameworks = ["react", "svelte/elements", "vue"];

/** Those of the element show one class, by whichever of them a user gets it. */
const shared = "./element-class.js";

export async function rollUpTypes(names) {
  for (const name of names) {
    const bundle = await rollup({
      input: at("ts", `${name}.ts`),
      external: [shared, ...frameworks],
      plugins: [dts({ tsconfig: at("tsconfig.json") })],
      onwarn: (warning) => {
        throw new Stop(`types of ts/${name}.ts: ${warning.message}`);
      },
    });
    const { output } = await bundle.generate({ format: "es" });
    const text = withLibraries(output[0].code);
    // `require` needs a file of its own kind, or TypeScript takes the CommonJS entry for a module.
    await writeFile(at("pkg", `${name}.d.ts`), text);
    await writeFile(at("pkg", `${name}.d.cts`), text.replaceAll(shared, "./element-class.cjs"));
  }
}

// Users whose `lib` is older than `Symbol.dispose` would otherwise get an error in our file.
function withLibraries(text) {
  return text.includes("Symbol.dispose")
    ? `/// <reference lib="esnext.disposable" />\n${text}`
    : text;
}
