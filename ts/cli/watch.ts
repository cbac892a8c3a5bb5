import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { exitHelp } from "./exit.js";
import {
  checkFiles,
  fileHelp,
  fileOptions,
  finish,
  followHelp,
  followOptions,
  wishOf,
} from "./follow.js";
import { actionHelp, taskOf, taskOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand } from "./session.js";

export const watch = clientCommand({
  summary: "follows a task to its end",
  help: `Follows a task to its end, and fetches the file, if that is wanted.

Usage: anaplan-tasks watch URL [options]

Options:
${actionHelp}
  --task-id ID      with these: which task
  --download        fetches the file of an export, as run does; --output does so, too
${followHelp}
${fileHelp}

${reportHelp}
                    status {phase, progress, currentStep, result, ...}, and the others of run

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  npx anaplan-tasks watch ${urls.task} ${signIn}
`,
  options: {
    ...taskOptions,
    ...followOptions,
    ...fileOptions,
    download: { type: "boolean", default: false },
  },
  words: 1,
  async work(session) {
    const { anaplan, values, words, call } = session;
    const wish = wishOf(values);
    const ref = await taskOf(anaplan, values, words[0], call);
    await checkFiles(values, ref);
    const download = values.download || values.output !== undefined;
    return finish(session, anaplan.task(ref), wish, { download });
  },
});
