// How the commands are used, and what is said of wrong use.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { anaplan, commands, folder, run } from "../support/cli.mjs";

const token = { ANAPLAN_TOKEN: "token-hush" };

describe("the command line", { concurrency: 4 }, () => {
  test("says of itself which commands there are, and what their exit codes mean", async (t) => {
    const { code, stdout } = await run(t, ["--help"]);
    assert.equal(code, 0);
    for (const command of [...commands, "gateway", "simulate"]) {
      assert.match(stdout, new RegExp(`^  ${command} +\\w`, "m"));
    }
    for (const exit of [0, 1, 2, 3, 4, 5, 6, 7, 130]) {
      assert.match(stdout, new RegExp(`^  ${exit} +\\w`, "m"));
    }
    const about = await run(t, ["help", "run"]);
    assert.match(about.stdout, /Usage: anaplan-tasks run/);
  });

  for (const command of commands) {
    test(`${command} --help says all of its options, and an example`, async (t) => {
      const { code, stdout, stderr } = await run(t, [command, "--nonsense", "--help"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`^  .*npx anaplan-tasks ${command} `, "m"));
      assert.match(stdout, /^Exit codes:$/m);
      for (const line of stdout.split("\n").filter((line) => !/npx|export /.test(line))) {
        assert.ok([...line].length <= 102, line);
      }
      // What it names is there, so that another option is the first to be refused.
      const named = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)( [A-Za-z]+)?/gm)];
      const given = named.map(([, name, value]) => (value ? `${name}=x` : name));
      const { stderr: refused } = await run(t, [command, ...given, "--zz"]);
      assert.match(refused, /unknown option '--zz'/);
    });
  }

  const somewhere = "http://127.0.0.1:9/2/0/workspaces/W/models/M/exports/E";
  for (const [args, message, env = token] of [
    [["rnu"], /unknown command 'rnu'; did you mean 'run'\?/],
    [["run", "--ouput", "x"], /unknown option '--ouput'; did you mean '--output'\?/],
    [["run"], /which action\?.*--export-id.*--export NAME/],
    [["run", somewhere, "more"], /'more' is one argument too many/],
    [["run", somewhere, "--export-id", "E"], /a URL and --export-id: which/],
    [["run", "--export", "a", "--import", "b"], /--export and --import: which/],
    [["run", "--export-id", "E"], /which workspace\?/],
    [["run", "--export-id", "E"], /which model\?/, { ...token, ANAPLAN_WORKSPACE: "W" }],
    [
      ["run", "--export-id", "a/b", "--workspace", "W", "--model", "M"],
      /--export-id: expected a string/,
    ],
    [["run", "nonsense", "--base-url", "http://127.0.0.1:9"], /the reference: expected/],
    [["run", `${somewhere}/tasks/T`], /that is a task's URL, which watch follows/],
    [["run", somewhere, "--timeout", "soon"], /--timeout: expected a duration/],
    [["run", somewhere, "--on-interrupt", "panic"], /--on-interrupt: expected detach or cancel/],
    [["run", somewhere, "--map", "Version"], /--map: expected TYPE=NAME/],
    [["run", somewhere, "--dump", "x"], /--dump: an export refuses no rows/],
    [["run", somewhere, "--output", "-", "--json"], /--output - and --json: both/],
    [["run", somewhere, "--output", "/nowhere/at/all"], /--output: .*nowhere/],
    [["run", somewhere, "--output", "."], /--output: '\.' is a folder/],
    [["run", somewhere, "--output", ""], /--output: expected a file/],
    [["run", somewhere.replace("exports", "imports"), "--output", "x"], /only exports write/],
    [["run", somewhere.replace("exports", "actions"), "--dump", "x"], /only imports and processes/],
    [["run", "--region", "eu3", "--base-url", "http://127.0.0.1:9"], /--base-url and --region/],
    [["run", "--export-id", "E", "--base-url", "http://a.example/2/0"], /--base-url: expected/],
    [["run", "--export-id", "E", "--base-url", "nonsense"], /--base-url: expected/],
    [
      ["run", "https://a.example/workspaces/W/models/M/exports/E"],
      /'a\.example' is neither Anaplan/,
    ],
    [["run", "https://anaplan.com.a.example/workspaces/W"], /is neither Anaplan/],
    [["run", "https://a.example#.anaplan.com/workspaces/W"], /is neither Anaplan/],
    [["watch"], /which task\?/],
    [["watch", somewhere], /the reference: expected/],
    [["watch", `${somewhere}/tasks/T`, "--task-id", "T"], /a URL and --task-id/],
    [["list"], /expected one of exports, .*tasks/],
    [["list", "exprots"], /found 'exprots'; did you mean 'exports'\?/],
    [["list", "exports", "nonsense"], /expected a model's URL/],
    [["list", "exports", "--limit", "0"], /--limit: expected a whole number from 1/],
    [["download", "--file", "a", "--file-id", "b"], /--file and --file-id/],
    [["download", somewhere, "--dump"], /--dump: give a task's URL/],
    [["upload"], /which file\?/],
    [["upload", "/nowhere/at/all"], /upload: .*nowhere/],
    [["upload", "/"], /'\/' is a folder/],
    [["login"], /give --refresh-token-file/],
    [["login", "--refresh-token-file", "x"], /without ANAPLAN_CLIENT_ID/],
    [
      ["login", "--refresh-token-file", "/nowhere/at/all"],
      /nothing can be written/,
      { ANAPLAN_CLIENT_ID: "c" },
    ],
    [["watch", "https://api.anaplan.com/2/0/x"], /no credential: set ANAPLAN_TOKEN/, {}],
    [["watch", "x", "--certificate", "/nowhere"], /a certificate without its key/],
    [["watch", "x", "--private-key", "/nowhere"], /--private-key without --certificate/],
    [
      ["watch", "x", "--certificate", "/nowhere", "--private-key", "/nowhere"],
      /--certificate: .*nowhere/,
    ],
    [
      ["watch", "x"],
      /ANAPLAN_CERTIFICATE: .*nowhere/,
      { ANAPLAN_CERTIFICATE: "/nowhere", ANAPLAN_PRIVATE_KEY: "/nowhere" },
    ],
    [["watch", "x", "--certificate", "a", "--refresh-token-file", "b"], /are both given/],
    [
      ["watch", "x"],
      /ANAPLAN_CERTIFICATE and ANAPLAN_TOKEN are both given/,
      { ...token, ANAPLAN_CERTIFICATE: "x" },
    ],
    [["watch", "x", "--refresh-token-file", "/nowhere"], /without ANAPLAN_CLIENT_ID/],
    [
      ["watch", "x", "--refresh-token-file", "/nowhere"],
      /nothing is in '\/nowhere' yet; anaplan-tasks login/,
      { ANAPLAN_CLIENT_ID: "c" },
    ],
  ]) {
    test(`wrong use: ${args.join(" ")}`, async (t) => {
      const { code, stdout, stderr } = await run(t, args, { env });
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, message);
      assert.match(stderr, /^See anaplan-tasks( \w+)? --help$/m);
      assert.doesNotMatch(stderr, /\n +at |hush/);
    });
  }

  for (const args of [
    ["--token=s-hush"],
    ["run", "--token", "s-hush"],
    ["watch", "--password=s-hush"],
    ["run", "--client-secret", "s-hush"],
    ["gateway", "--token", "s-hush"],
    ["login", "--refresh-token", "s-hush"],
    ["run", "https://user:s-hush@api.anaplan.com/2/0"],
    ["run", "--base-url=https://user:s-hush@api.anaplan.com/2/0"],
    ["run", "AnaplanAuthToken s-hush"],
    ["run", "--certificate", "-----BEGIN PRIVATE KEY-----s-hush"],
  ]) {
    test(`no secret in an argument, and none in the answer: ${args.join(" ")}`, async (t) => {
      const { code, stdout, stderr } = await run(t, args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /others.* can read|could read/);
      assert.doesNotMatch(stderr, /s-hush/);
    });
  }

  test("without a credential a gateway is asked, which has its own", async (t) => {
    const { taskUrl, baseUrl, asked } = await anaplan(t);
    const { code, stdout } = await run(t, ["status", taskUrl, "--base-url", baseUrl]);
    assert.deepEqual([code, stdout], [0, "succeeded\n"]);
    assert.deepEqual(
      asked.map(({ token }) => token),
      [undefined],
    );
  });

  test("a URL says where Anaplan is, and an option says it louder", async (t) => {
    const [one, other] = [await anaplan(t), await anaplan(t)];
    await run(t, ["status", one.taskUrl], { env: token });
    assert.deepEqual([one.asked.length, other.asked.length], [1, 0]);
    await run(t, ["status", one.taskUrl, "--base-url", other.baseUrl], { env: token });
    assert.deepEqual([one.asked.length, other.asked.length], [1, 1]);
    assert.equal(one.asked[0].token, "AnaplanAuthToken token-hush");
  });

  test("a task is named by options and the environment, too", async (t) => {
    const { baseUrl, asked } = await anaplan(t);
    const env = { ...token, ANAPLAN_WORKSPACE: "W1", ANAPLAN_MODEL: "other" };
    const ids = ["--model", "M1", "--export-id", "E1", "--task-id", "T1", "--base-url", baseUrl];
    const { code } = await run(t, ["status", ...ids], { env });
    assert.equal(code, 0);
    assert.equal(asked[0].call, "GET /exports/E1/tasks/T1");
  });

  test("a token comes from a file or from standard input", async (t) => {
    const { taskUrl, asked } = await anaplan(t);
    const file = join(await folder(t), "token");
    await writeFile(file, "in-file\n");
    // What is asked for here goes before what is around.
    await run(t, ["status", taskUrl, "--token-file", file], { env: token });
    await run(t, ["status", taskUrl, "--token-file", "-"], { input: "on-input\n" });
    const said = asked.map(({ token }) => token);
    assert.deepEqual(said, ["AnaplanAuthToken in-file", "AnaplanAuthToken on-input"]);
  });

  test("the mark that Windows begins a file with is no part of a token", async (t) => {
    const { taskUrl, asked } = await anaplan(t);
    const file = join(await folder(t), "token");
    await writeFile(file, "\ufeffin-file\r\n");
    const { code, stderr } = await run(t, ["status", taskUrl, "--token-file", file]);
    assert.equal(code, 0, stderr);
    assert.equal(asked[0].token, "AnaplanAuthToken in-file");
  });
});
