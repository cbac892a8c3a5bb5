// An action that becomes a task, once.
import type { MappingParameter, StartOptions, Task } from "../types.js";
import { UsageError } from "./command.js";
import type { Found } from "./reference.js";
import type { Session } from "./session.js";

export const startOptions = {
  locale: { type: "string" },
  map: { type: "string", multiple: true },
} as const;

export const startHelp = `  --locale NAME     the language of Anaplan's texts about it (default en_US)
  --map TYPE=NAME   what an import or a process is to map, as in --map Version=Actual; may be
                    repeated; of one import in a process: --map IMPORTID:TYPE=NAME`;

interface Values {
  locale?: string | undefined;
  map?: string[] | undefined;
}

type Starting = Pick<
  Session<{}>,
  "anaplan" | "report" | "interruption" | "urlOf" | "again" | "onward"
>;

/** What the options say of a start. */
export function startOf({ locale, map }: Values): StartOptions {
  return { localeName: locale, mappingParameters: map?.map(parseMap) };
}

/** Starts it. A signal meanwhile waits for the answer, so that the user learns which task it is. */
export async function startTask(
  session: Starting,
  { ref }: Found,
  options: StartOptions,
): Promise<Task> {
  const { anaplan, report, interruption, urlOf, again } = session;
  const { signal } = interruption;
  signal.throwIfAborted();
  const heard = () => {
    const text = "waiting for the answer, which says which task it is; Ctrl-C again ends at once";
    report.say(text, { type: "interrupting" });
  };
  signal.addEventListener("abort", heard);
  session.onward = () => ({
    text: "a task may have been started",
    resume: again("list tasks", ref),
    url: urlOf(ref),
  });
  try {
    return await anaplan.action(ref).start(options);
  } finally {
    signal.removeEventListener("abort", heard);
    // An error says itself what is certain.
    session.onward = undefined;
  }
}

/** `Version=Actual`, or `112000000001:Version=Actual`. */
export function parseMap(text: string): MappingParameter {
  const [, importId, entityType, entityName] = /^(?:(\d+):)?([^=]+)=(.+)$/s.exec(text) ?? [];
  if (!entityType || !entityName) {
    throw new UsageError(`--map: expected TYPE=NAME or IMPORTID:TYPE=NAME, found '${text}'`);
  }
  return { entityType, entityName, ...(importId !== undefined && { importId }) };
}
