import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { exit, exitHelp } from "./exit.js";
import { actionHelp, actionOf, actionOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand } from "./session.js";
import { startHelp, startOf, startOptions, startTask } from "./starting.js";
import { write } from "./stdout.js";

export const start = clientCommand({
  summary: "starts one, and prints its task's URL",
  help: `Starts an action, and prints its task's URL, which the other commands take.

Usage: anaplan-tasks start URL [options]
       anaplan-tasks start --workspace ID --model ID --export NAME [options]

Options:
${actionHelp}
${startHelp}

${reportHelp}
                    started {ref, url}, error {code, message, hint, candidates, exitCode}

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  npx anaplan-tasks start ${urls.export} ${signIn}
`,
  options: { ...actionOptions, ...startOptions },
  words: 1,
  async work(session) {
    const { anaplan, values, words, call, urlOf } = session;
    const options = startOf(values);
    const found = await actionOf(anaplan, values, words[0], call);
    const task = await startTask(session, found, options);
    if (values.json) session.report.started(task.ref, urlOf(task.ref));
    else write(`${urlOf(task.ref)}\n`);
    return exit.succeeded;
  },
});
