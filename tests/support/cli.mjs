// The command line as a process.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import esbuild from "esbuild";
import { at } from "../../scripts/project.mjs";
import { json, serve } from "./server.mjs";

export const program = at("pkg", "cli.js");

/** All but those that serve, which are tested with what they serve. */
export const commands = [
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

// By these Node decides on colours, besides TERM.
const colours =
  /^(CI|NO_COLOR|FORCE_COLOR|NODE_DISABLE_COLORS|COLORTERM|TMUX|TEAMCITY_VERSION|TF_BUILD|TERM_PROGRAM)$/;

/** The environment, without what whoever runs the tests has of Anaplan's and of terminals. */
export function environment(env = {}) {
  const rest = Object.entries(process.env).filter(
    ([name]) => !/^(ANAPLAN|REDIS)_|^NODE_OPTIONS$/.test(name) && !colours.test(name),
  );
  return { ...Object.fromEntries(rest), ...env };
}

/**
 * Starts `anaplan-tasks` with `args`; it ends with the test. `exited` resolves with the exit code, or
 * the signal's name.
 */
export function start(
  t,
  args,
  { env = {}, cwd, input, command = [process.execPath, program] } = {},
) {
  const [name, ...before] = command;
  const child = spawn(name, [...before, ...args], { env: environment(env), cwd });
  t.after(() => child.kill("SIGKILL"));
  // It may end before it reads anything.
  child.stdin.on("error", () => {});
  if (input !== null) child.stdin.end(input);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const exited = new Promise((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  return {
    child,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    /** Resolves when either output matches. */
    async says(pattern) {
      for (let tries = 0; tries < 5_000; tries += 1) {
        const found = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (found) return found;
        if (child.exitCode !== null && tries % 50 === 49) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`it never said ${pattern}:\n${stdout}\n${stderr}`);
    },
  };
}

/** Runs it to its end: `{ code, stdout, stderr }`. */
export async function run(t, args, options) {
  const { exited, stdout, stderr } = start(t, args, options);
  return { code: await exited, stdout: stdout(), stderr: stderr() };
}

/** The lines of `--json`. */
export const lines = (stdout) => stdout.trimEnd().split("\n").filter(Boolean).map(JSON.parse);

/** An empty folder, gone after the test. */
export async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), "anaplan-tasks-cli-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** The words of a line that a shell would run, as `npx anaplan-tasks` prints them. */
export function words(line) {
  const [, rest] = /npx anaplan-tasks (.*)$/m.exec(line);
  return [...rest.matchAll(/'((?:[^']|'\\'')*)'|(\S+)/g)].map(
    ([, text, word]) => word ?? text.replaceAll("'\\''", "'"),
  );
}

/** The functions of one of the command line's own files. */
export async function functionsOf(file) {
  const { outputFiles } = await esbuild.build({
    entryPoints: [at("ts", "cli", file)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
  });
  const text = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${text}`);
}

export const model = "/workspaces/W1/models/M1";
export const refusal = (code, message) => ({ status: { code, message } });

/**
 * An Anaplan whose export is over at once, with a file in two chunks. `answer(request, response, call)`
 * may answer otherwise, by answering at all; `call` is the verb and the path below the model.
 */
export async function anaplan(
  t,
  { name = "out.csv", state = "COMPLETE", successful = true, result, step, answer } = {},
) {
  const asked = [];
  const chunks = ["Region,Month\n", "Österreich,May\n"];
  const url = await serve(t, (request, response) => {
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const [path] = request.url.replace(/^\/2\/0/, "").split("?");
      const call = `${request.method} ${path.replace(model, "")}`;
      asked.push({ call, body, token: request.headers.authorization });
      if (answer?.(request, response, call) || response.headersSent || response.destroyed) return;
      const ended = state === "COMPLETE" || state === "CANCELLED";
      const task = {
        taskId: "T1",
        taskState: state,
        creationTime: Date.now() - 1_000,
        progress: ended ? 1 : 0.42,
        currentStep: step ?? "Complete.",
        ...(ended && { result: { successful, failureDumpAvailable: false, ...result } }),
      };
      const [verb, kind, , what] = call.split(/[ /]+/);
      if (call === "GET /exports") return json(response, { exports: [{ id: "E1", name }] });
      if (call === "GET /files")
        return json(response, { files: [{ id: "E1", name, chunkCount: 2 }] });
      if (call === "GET /files/E1/chunks") {
        return json(response, {
          chunks: chunks.map((_, id) => ({ id: String(id), name: `${id}` })),
        });
      }
      const [, chunk] = /^GET \/files\/E1\/chunks\/(\d)$/.exec(call) ?? [];
      if (chunk) return response.end(chunks[chunk]);
      if (call === "GET /exports/E1")
        return json(response, { exportMetadata: { encoding: "UTF-8" } });
      if (what === "tasks" && verb === "POST") return json(response, { task: { taskId: "T1" } });
      if (what === "tasks" && call.endsWith("/tasks")) return json(response, { tasks: [] });
      if (what === "tasks" && kind) return json(response, { task });
      return json(response, refusal(404, "Not Found"), 404);
    });
  });
  const baseUrl = `${url}/2/0`;
  const exportUrl = `${baseUrl}${model}/exports/E1`;
  return {
    url,
    baseUrl,
    exportUrl,
    taskUrl: `${exportUrl}/tasks/T1`,
    asked,
    content: chunks.join(""),
  };
}
