// What each --help shows works when it is typed, with the simulator behind it.
import assert from "node:assert/strict";
import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { commands, folder, program, run, start } from "../support/cli.mjs";
import { simulate } from "../support/simulator.mjs";

describe("what --help shows", { concurrency: 4 }, () => {
  for (const command of commands) {
    test(`of ${command} works`, async (t) => {
      const { stdout: help } = await run(t, [command, "--help"]);
      const [, example] = /^Example, without a tenant:\n([^]*)$/m.exec(help);
      const { origin, post } = await simulate(t, "--json");
      const cwd = await folder(t);
      const bin = await folder(t);
      await symlink(program, join(bin, "anaplan-tasks"));
      const lines = example
        .replaceAll("http://127.0.0.1:8080", origin)
        .split(/\nThen, in another terminal/)[0]
        .split("\n")
        .filter((line) => !line.includes("anaplan-tasks simulate"))
        .map((line) => line.trim().replace("npx anaplan-tasks", "anaplan-tasks"));
      const env = { PATH: `${bin}:${process.env.PATH}`, HOME: cwd };
      const script = start(t, ["-ec", lines.join("\n")], { env, cwd, command: ["sh"] });
      // Nobody wants to wait for what runs there.
      if (command === "run") {
        await script.says(/started/);
        await post("/simulator/clock", { advance: 60_000 });
      }
      if (command === "login") {
        const [, userCode] = await script.says(/the code {2}(\S+)/);
        await post("/simulator/approve", { userCode });
      }
      const code = await script.exited;
      assert.equal(code, 0, script.stdout() + script.stderr());
      const files = { run: ["revenue.csv"], download: ["rates.csv"], login: [".anaplan-token"] };
      assert.deepEqual(await readdir(cwd), files[command] ?? []);
    });
  }
});
