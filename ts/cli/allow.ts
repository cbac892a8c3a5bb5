import type { Allow, GatewayOperation } from "../gateway/types.js";
import { UsageError } from "./command.js";

// An object, so that it is complete.
const known: Record<GatewayOperation, true> = {
  status: true,
  cancel: true,
  start: true,
  tasks: true,
  list: true,
  download: true,
};
const operations = Object.keys(known).join(", ");

/** The rule in `WORKSPACE/MODEL/ACTION:OPERATION,...`, with `*` for any of a part. */
export function parseAllow(text: string): Allow {
  const [ids, doing, ...more] = text.split(":");
  if (!ids || doing === undefined || more.length) {
    throw wrong(text, "WORKSPACE/MODEL/ACTION, a colon, and what may be done with it");
  }
  const parts = ids.split("/");
  if (parts.length !== 3) {
    throw wrong(text, `WORKSPACE/MODEL/ACTION before the colon, found '${ids}'`);
  }
  const [workspaces, models, actions] = parts.map((id) => parseId(text, id)) as [Ids, Ids, Ids];
  return { workspaces, models, actions, operations: parseOperations(text, doing) };
}

type Ids = readonly string[] | "*";

function parseId(rule: string, id: string): Ids {
  if (id === "*") return "*";
  if (/^[\w-]{1,128}$/.test(id)) return [id];
  throw wrong(rule, `an id of letters, digits, '-' and '_', or * for any, found '${id}'`);
}

function parseOperations(rule: string, text: string): Allow["operations"] {
  if (text === "*") return "*";
  return text.split(",").map((operation) => {
    if (Object.hasOwn(known, operation)) return operation as GatewayOperation;
    throw wrong(rule, `operations out of ${operations}, or * for all, found '${operation}'`);
  });
}

function wrong(rule: string, expected: string): UsageError {
  return new UsageError(`--allow '${rule}': expected ${expected}`);
}
