// How a task ended, and why something failed, in words for people.
import type { AnaplanError } from "../error.js";
import type { TaskResult, TaskStatus } from "../types.js";
import { clock } from "./duration.js";
import { clean } from "./text.js";

interface More {
  /** Known where it was seen before its end; Anaplan tells only when it began. */
  took?: number | undefined;
  /** What helps against a failure. */
  hint?: string | undefined;
}

/** A line on how it ended, and more lines on why. */
export function outcomeText(status: TaskStatus, { took, hint }: More = {}): string {
  const before = status.phase === "succeeded" ? "in" : "after";
  const time = took === undefined ? "" : ` ${before} ${clock(took)}`;
  const lines = [`${words[status.phase] ?? clean(status.taskState)}${time}`];
  if (status.result) lines.push(...resultLines(status.result, "  "));
  if (hint !== undefined) lines.push(`  ${clean(hint)}`);
  return lines.join("\n");
}

const words: Partial<Record<TaskStatus["phase"], string>> = {
  succeeded: "succeeded",
  failed: "failed",
  cancelled: "cancelled",
  unknown: "ended, and Anaplan does not say whether in success",
};

function resultLines(result: TaskResult, indent: string): string[] {
  const lines = result.details.flatMap(({ type, text, occurrences, values }) => {
    const times = occurrences > 1 ? ` (${occurrences} times)` : "";
    const said = text === undefined ? clean(type) : `${clean(text)} [${clean(type)}]`;
    const more = Object.entries(values).map(
      ([name, value]) => `${indent}  ${clean(name)}: ${value === null ? "-" : clean(value)}`,
    );
    return [`${indent}${said}${times}`, ...more];
  });
  for (const step of result.nestedResults) {
    const name = clean(step.objectName ?? step.objectId ?? "a step");
    const refused = step.failureDumpAvailable ? ", and refused rows" : "";
    lines.push(`${indent}${name}: ${step.successful ? "succeeded" : "failed"}${refused}`);
    lines.push(...resultLines(step, `${indent}  `));
  }
  return lines;
}

/** What went wrong, and what helps, where the message does not say so already. */
export function errorText({ message, hint }: AnaplanError): string {
  const said = clean(message);
  return hint && !said.includes(clean(hint)) ? `${said}\n${clean(hint)}` : said;
}
