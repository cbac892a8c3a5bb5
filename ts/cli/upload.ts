import { stat } from "node:fs/promises";
import type { TransferProgress, UploadSource } from "../types.js";
import { UsageError } from "./command.js";
import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn } from "./example.js";
import { exit, exitHelp } from "./exit.js";
import { fileOf, modelHelp, modelOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand, type Session } from "./session.js";
import { clean, size } from "./text.js";

const options = {
  ...modelOptions,
  file: { type: "string" },
  "file-id": { type: "string" },
} as const;

export const upload = clientCommand({
  summary: "puts a file in the place of one that imports read",
  help: `Puts a file in the place of one that imports read. What others uploaded there stays theirs.

Usage: anaplan-tasks upload FILE --file-id ID [options]

FILE may be - for standard input.

Options:
${modelHelp}
  --file-id ID      which file of the model; anaplan-tasks list files shows them
  --file NAME       or by its name

${reportHelp}
                    uploaded {bytes, sentBytes, chunks}, error {code, message, hint, resume, exitCode}

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  export ANAPLAN_WORKSPACE=c34d0bff90150280e099ec6cd7363ca5 ANAPLAN_MODEL=85E7BB0F12278575491718DE357E3DA8
  echo 'North' | npx anaplan-tasks upload - --file-id 113000000001 --base-url http://127.0.0.1:8080/2/0 ${signIn}
`,
  options,
  words: 1,
  reference: () => undefined,
  work,
});

async function work(session: Session<typeof options>): Promise<number> {
  const { anaplan, values, words, call, report } = session;
  const [path] = words;
  if (path === undefined) throw new UsageError("upload: which file? - is standard input");
  const source = await sourceOf(path, values);
  const ref = await fileOf(anaplan, values, call);
  session.onward = () => ({
    text: "the file is not complete at Anaplan; imports go on reading what was there, or nothing",
  });
  const onProgress = (progress: TransferProgress) => report.transfer(path, progress);
  report.transfer(path, { bytes: 0, chunks: 0 });
  const result = await anaplan.file(ref).upload(source, { ...call, onProgress });
  session.onward = undefined;
  const sent = result.sentBytes < result.bytes ? `, ${size(result.sentBytes)} as sent` : "";
  const name = path === "-" ? "standard input" : clean(path);
  report.say(`${name} uploaded, ${size(result.bytes)}${sent}`, { type: "uploaded", ...result });
  return exit.succeeded;
}

async function sourceOf(
  path: string,
  values: { "token-file"?: string | undefined; "password-file"?: string | undefined },
): Promise<UploadSource> {
  if (path === "-") {
    if (values["token-file"] === "-" || values["password-file"] === "-") {
      throw new UsageError("upload -: standard input holds the credential already");
    }
    return process.stdin;
  }
  try {
    if ((await stat(path)).isDirectory()) throw new Error(`'${path}' is a folder`);
  } catch (error) {
    throw new UsageError(`upload: ${(error as Error).message}`);
  }
  return { path };
}
