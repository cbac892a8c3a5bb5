import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { exit, exitHelp } from "./exit.js";
import { follow, wishOf } from "./follow.js";
import { actionHelp, taskOf, taskOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand } from "./session.js";

export const cancel = clientCommand({
  summary: "asks Anaplan to cancel a task, and follows it to its end",
  help: `Asks Anaplan to cancel a task, and follows it to its end: some end as if nobody had asked.

Usage: anaplan-tasks cancel URL [options]

Options:
${actionHelp}
  --task-id ID      with these: which task
  --no-wait         asks, and does not wait for what comes of it
  --timeout DURATION
                    waits no longer for its end (30s, 10m, 2h)

${reportHelp}
                    cancelling, status {phase, progress, currentStep, result, ...}, and those of run

${connectionHelp}

${credentialHelp}

${exitHelp}
But a task that was cancelled is 0 here, with --no-wait one that is asked to; one that ended otherwise
is 1: it was too late.

${exampleHelp}
  TASK=$(npx anaplan-tasks start ${urls.export} ${signIn})
  npx anaplan-tasks cancel $TASK ${signIn}
`,
  options: {
    ...taskOptions,
    timeout: { type: "string" },
    "no-wait": { type: "boolean", default: false },
  },
  words: 1,
  async work(session) {
    const { anaplan, values, words, call, report, urlOf, again } = session;
    const wish = wishOf(values);
    const ref = await taskOf(anaplan, values, words[0], call);
    const task = anaplan.task(ref);
    const first = await task.cancel(call);
    session.onward = () => ({
      text: "Anaplan was asked to cancel the task",
      resume: again("watch", ref),
      url: urlOf(ref),
    });
    if (values["no-wait"]) {
      report.status(first);
      if (first.done) report.ended(first);
      else if (first.phase === "cancelling") report.say("asked to cancel", { type: "cancelling" });
      else report.say("asked to cancel; it runs on as yet", { type: "cancelling" });
      return first.done && first.phase !== "cancelled" ? exit.failed : exit.succeeded;
    }
    report.say("asked to cancel", { type: "cancelling" });
    const last = await follow(session, task, wish);
    return last.phase === "cancelled" ? exit.succeeded : exit.failed;
  },
});
