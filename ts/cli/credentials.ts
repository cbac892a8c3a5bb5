// Who a command is to Anaplan. Never from an argument: those of a process are for all to read.
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Auth } from "../types.js";
import { UsageError } from "./command.js";

export interface CredentialOptions {
  "token-file"?: string | undefined;
  "password-file"?: string | undefined;
  "auth-url"?: string | undefined;
}

export const credentialHelp = `Who it is to Anaplan, which no option says, since others could read it there:
  ANAPLAN_TOKEN                   a token in the environment, good until it expires
  --token-file FILE               or in a file, which is read again for each new token; - reads
                                  standard input, once
  ANAPLAN_USER, ANAPLAN_PASSWORD  a user, for which tokens are got and renewed
  ANAPLAN_USER, --password-file FILE
                                  the same with the password in a file, or - for standard input`;

/** The credentials there are; more than one, or none, is wrong use. */
export async function credentials(options: CredentialOptions): Promise<Auth> {
  const { "token-file": tokenFile, "password-file": passwordFile } = options;
  const { ANAPLAN_TOKEN, ANAPLAN_USER, ANAPLAN_PASSWORD } = process.env;
  // What is asked for here goes before what happens to be around.
  const fromFile = tokenFile !== undefined || passwordFile !== undefined;
  const given = Object.entries({
    "--token-file": tokenFile !== undefined,
    "--password-file": passwordFile !== undefined,
    ANAPLAN_TOKEN: ANAPLAN_TOKEN && !fromFile,
    ANAPLAN_PASSWORD: ANAPLAN_PASSWORD && !fromFile,
  }).flatMap(([name, there]) => (there ? [name] : []));
  if (given.length > 1) {
    throw new UsageError(`${given.join(" and ")} are both given: which one is it to be?`);
  }

  if (tokenFile !== undefined) return tokensFrom(tokenFile);
  if (ANAPLAN_TOKEN && !fromFile) return ANAPLAN_TOKEN;
  if (!given.length) {
    throw new UsageError(
      "no credential: set ANAPLAN_TOKEN, or ANAPLAN_USER and ANAPLAN_PASSWORD, or give" +
        " --token-file FILE, or ANAPLAN_USER and --password-file FILE",
    );
  }
  if (!ANAPLAN_USER) throw new UsageError(`${given[0]} without ANAPLAN_USER: whose is it?`);
  const password =
    passwordFile === undefined ? ANAPLAN_PASSWORD! : await secret("--password-file", passwordFile);
  return { basic: { user: ANAPLAN_USER, password }, authUrl: options["auth-url"] };
}

async function tokensFrom(file: string): Promise<Auth> {
  // Wrong from the start is better said at the start.
  const first = await secret("--token-file", file);
  if (file === "-") return first;
  return () => secret("--token-file", file);
}

async function secret(option: string, file: string): Promise<string> {
  let content;
  try {
    content = await (file === "-" ? text(process.stdin) : readFile(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
  // Whoever writes a file ends its line.
  const value = content.replace(/\r?\n$/, "");
  if (value) return value;
  throw new UsageError(`${option}: ${file === "-" ? "standard input" : `'${file}'`} is empty`);
}
