import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { codeOfStatus, exitHelp } from "./exit.js";
import { outcomeText } from "./outcome.js";
import { taskWords } from "./progress.js";
import { actionHelp, taskOf, taskOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand } from "./session.js";
import { write, writeJson } from "./stdout.js";

export const status = clientCommand({
  summary: "asks once how a task is",
  help: `Asks once how a task is, and prints it.

Usage: anaplan-tasks status URL [options]

Options:
${actionHelp}
  --task-id ID      with these: which task

${reportHelp}
                    status {phase, progress, currentStep, result, ...}

${connectionHelp}

${credentialHelp}

${exitHelp}
A task that runs on is 0.

${exampleHelp}
  npx anaplan-tasks status ${urls.task} ${signIn}
`,
  options: taskOptions,
  words: 1,
  async work({ anaplan, values, words, call }) {
    const ref = await taskOf(anaplan, values, words[0], call);
    const status = await anaplan.task(ref).status(call);
    if (values.json) writeJson({ type: "status", ...status });
    else if (!values.quiet) {
      const { creationTime } = status;
      const since =
        creationTime === undefined ? "" : `since ${new Date(creationTime).toISOString()}`;
      const running = [taskWords(status), since].filter(Boolean).join("  ");
      write(`${status.done ? outcomeText(status) : running}\n`);
    }
    return codeOfStatus(status);
  },
});
