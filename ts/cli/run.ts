import { exampleHelp, signIn, urls } from "./example.js";
import { exitHelp } from "./exit.js";
import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import {
  checkFiles,
  fileHelp,
  fileOptions,
  finish,
  followHelp,
  followOptions,
  wishOf,
} from "./follow.js";
import { freeName } from "./output.js";
import { actionHelp, actionOf, actionOptions, nameOf, type Found } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand, type Session } from "./session.js";
import { startHelp, startOf, startOptions, startTask } from "./starting.js";

const options = { ...actionOptions, ...startOptions, ...followOptions, ...fileOptions } as const;

export const run = clientCommand({
  summary: "starts an export, import, process or action, follows it, fetches its file",
  help: `Starts an action, follows it to its end, and fetches the file that an export wrote.

Usage: anaplan-tasks run URL [options]
       anaplan-tasks run --workspace ID --model ID --export NAME [options]

Options:
${actionHelp}
${startHelp}
${followHelp}
${fileHelp}

${reportHelp}
                    started {ref, url}, status {phase, progress, currentStep, result, ...},
                    file {path, name, bytes, caveats}, retry and rateLimit {delay}, noDump,
                    cancelling, interrupted and timeout {text, resume, url},
                    error {code, message, hint, candidates, exitCode}

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  npx anaplan-tasks run ${urls.export} ${signIn} --output revenue.csv
`,
  options,
  words: 1,
  work,
});

async function work(session: Session<typeof options>): Promise<number> {
  const { anaplan, values, words, call } = session;
  const wish = wishOf(values);
  const starting = startOf(values);
  const found = await actionOf(anaplan, values, words[0], call);
  await checkFiles(values, found.ref);
  if (values.output === undefined) await checkOwnName(session, found);
  const task = await startTask(session, found, starting);
  session.report.started(task.ref, session.urlOf(task.ref));
  return finish(session, task, wish, { download: true });
}

/** Better before an export that takes an hour than after it. */
async function checkOwnName(session: Session<typeof options>, found: Found): Promise<void> {
  const { anaplan, values, call } = session;
  if (values.force) return;
  const name = found.name ?? (await nameOf(anaplan, found.ref, call));
  if (name !== undefined && "exportId" in found.ref) await freeName(name, false);
}
