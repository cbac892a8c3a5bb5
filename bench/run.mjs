// What the client costs, beside what one would do without it. With words behind it
// (`npm run bench -- poll`), only the parts whose name contains one of them.
import { readFileSync } from "node:fs";
import { build } from "../scripts/build.mjs";
import { at } from "../scripts/project.mjs";
import { Stop, program, run, say } from "../scripts/run.mjs";
import { setup } from "../scripts/setup.mjs";

/** In the order of BENCHMARKING.md, which says what each measures. */
function* parts() {
  const node = (script, ...flags) => [process.execPath, [...flags, at("bench", script)]];
  yield { name: "poll", command: node("poll.mjs", "--expose-gc") };
  yield { name: "scale", command: node("scale.mjs") };
  yield { name: "start", command: node("start.mjs") };
  yield { name: "download", command: node("download.mjs") };
  yield { name: "gateway", command: node("gateway.mjs") };
  yield { name: "element", command: node("element.mjs") };
  if (/^name\s*=\s*"cadence"/m.test(readFileSync(at("Cargo.toml"), "utf8"))) {
    yield { name: "cadence", command: ["cargo", ["bench", "--quiet", "--bench", "cadence"]] };
  }
}

async function bench(words) {
  const chosen = [...parts()].filter(
    ({ name }) => !words.length || words.some((word) => name.includes(word)),
  );
  if (!chosen.length) throw new Stop(`no part's name contains ${words.join(" or ")}`);
  // The browser that a part needs is the tests' browser.
  await setup({ tests: true });
  await build();
  say("measuring; keep the machine otherwise quiet");
  for (const { name, command } of chosen) {
    console.log(`\n## ${name}\n`);
    await run(...command);
  }
}

await program(import.meta.url, () => bench(process.argv.slice(2)));
