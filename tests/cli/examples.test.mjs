// What each --help shows works when it is typed, with the simulator behind it.
import assert from "node:assert/strict";
import { readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { folder, program, run, start } from "../support/cli.mjs";
import { simulate } from "../support/simulator.mjs";

const commands = [
  "run",
  "start",
  "watch",
  "status",
  "cancel",
  "list",
  "download",
  "upload",
  "login",
];

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
        .split("\n")
        .filter((line) => !line.includes("anaplan-tasks simulate"))
        .map((line) => line.trim().replace("npx anaplan-tasks", "anaplan-tasks"));
      const env = { PATH: `${bin}:${process.env.PATH}`, HOME: cwd };
      const script = start(t, ["-ec", lines.join("\n")], { env, cwd, command: ["sh"] });
      // Nobody wants to wait for what runs there.
      const hurry = setInterval(() => void post("/simulator/clock", { advance: 60_000 }), 2_000);
      t.after(() => clearInterval(hurry));
      const code = await script.exited;
      assert.equal(code, 0, script.stdout() + script.stderr());
      if (command === "run" || command === "download") {
        assert.deepEqual(await readdir(cwd), ["revenue.csv"]);
      }
    });
  }
});
