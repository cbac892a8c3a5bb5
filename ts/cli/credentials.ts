// Who a command is to Anaplan. Never from an argument: those of a process are for all to read.
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Auth } from "../types.js";
import { UsageError } from "./command.js";
import { readRefreshToken, writeRefreshToken } from "./refresh-token.js";

/** Each names a file, or a place; none is a secret. */
export const credentialOptions = {
  "token-file": { type: "string" },
  "password-file": { type: "string" },
  certificate: { type: "string" },
  "private-key": { type: "string" },
  "refresh-token-file": { type: "string" },
  "auth-url": { type: "string" },
  "oauth-url": { type: "string" },
} as const;

export type CredentialOptions = {
  [Name in keyof typeof credentialOptions]?: string | undefined;
};

export const credentialHelp = `Who it is to Anaplan, which no option says, since others could read it there:
  ANAPLAN_TOKEN                   a token in the environment, good until it expires
  --token-file FILE               or in a file, which is read again for each new token; - reads
                                  standard input, once
  ANAPLAN_USER, ANAPLAN_PASSWORD  a user, for which tokens are got and renewed
  ANAPLAN_USER, --password-file FILE
                                  the same with the password in a file, or - for standard input
  --certificate FILE, --private-key FILE
                                  a certificate and its key, in PEM; ANAPLAN_CERTIFICATE and
                                  ANAPLAN_PRIVATE_KEY name the files, too
  ANAPLAN_CLIENT_ID, --refresh-token-file FILE
                                  OAuth, with what anaplan-tasks login put into the file, and
                                  ANAPLAN_CLIENT_SECRET where the client has one`;

const NONE =
  "no credential: set ANAPLAN_TOKEN, or ANAPLAN_USER and ANAPLAN_PASSWORD, or give --token-file" +
  " FILE, or ANAPLAN_USER and --password-file FILE; see --help for certificates and OAuth";

/** The credentials there are; more than one, or none, is wrong use. */
export async function credentials(options: CredentialOptions): Promise<Auth> {
  const auth = await credentialsIfAny(options);
  if (auth === undefined) throw new UsageError(NONE);
  return auth;
}

/** The same where there need not be any: a gateway has its own. */
export async function credentialsIfAny(options: CredentialOptions): Promise<Auth | undefined> {
  const ways = waysOf(options);
  // What is asked for here goes before what happens to be around.
  const asked = ways.filter(({ by }) => by === "option");
  const [way, ...more] = asked.length ? asked : ways;
  if (more.length) {
    const names = [way!, ...more].map(({ name }) => name).join(" and ");
    throw new UsageError(`${names} are both given: which one is it to be?`);
  }
  return way?.auth();
}

interface Way {
  name: string;
  by: "option" | "environment";
  auth(): Promise<Auth>;
}

function waysOf(options: CredentialOptions): Way[] {
  const { env } = process;
  const tokenFile = options["token-file"];
  const passwordFile = options["password-file"];
  const refreshFile = options["refresh-token-file"];
  const { certificate, "private-key": privateKey } = options;
  const found: Way[] = [];
  const add = (by: Way["by"], name: string, auth: () => Promise<Auth>) => {
    found.push({ by, name, auth });
  };
  if (tokenFile !== undefined) add("option", "--token-file", () => tokensFrom(tokenFile));
  if (passwordFile !== undefined) {
    const password = () => secret("--password-file", passwordFile);
    add("option", "--password-file", () => basic("--password-file", password, options));
  }
  if (refreshFile !== undefined) {
    add("option", "--refresh-token-file", () => oauth(refreshFile, options));
  }
  if (certificate !== undefined || privateKey !== undefined) {
    add("option", certificate !== undefined ? "--certificate" : "--private-key", () =>
      signed(options),
    );
  } else if (env.ANAPLAN_CERTIFICATE) {
    add("environment", "ANAPLAN_CERTIFICATE", () => signed(options));
  }
  const token = env.ANAPLAN_TOKEN;
  if (token) add("environment", "ANAPLAN_TOKEN", async () => token);
  const password = env.ANAPLAN_PASSWORD;
  if (password) {
    add("environment", "ANAPLAN_PASSWORD", () =>
      basic("ANAPLAN_PASSWORD", async () => password, options),
    );
  }
  return found;
}

async function basic(
  name: string,
  password: () => Promise<string>,
  options: CredentialOptions,
): Promise<Auth> {
  const user = process.env.ANAPLAN_USER;
  if (!user) throw new UsageError(`${name} without ANAPLAN_USER: whose is it?`);
  return { basic: { user, password: await password() }, authUrl: options["auth-url"] };
}

async function signed(options: CredentialOptions): Promise<Auth> {
  const { ANAPLAN_CERTIFICATE, ANAPLAN_PRIVATE_KEY } = process.env;
  const certificate = options.certificate ?? ANAPLAN_CERTIFICATE;
  const privateKey = options["private-key"] ?? ANAPLAN_PRIVATE_KEY;
  if (!certificate) throw new UsageError("--private-key without --certificate FILE");
  if (!privateKey) {
    throw new UsageError("a certificate without its key: give --private-key FILE, too");
  }
  const files = {
    certificate: await pem("certificate", options.certificate, certificate),
    privateKey: await pem("private-key", options["private-key"], privateKey),
  };
  return { certificate: files, authUrl: options["auth-url"] };
}

/** What is in the file that the option, else the environment, names. */
async function pem(name: string, option: string | undefined, file: string): Promise<string> {
  if (option !== undefined) return secret(`--${name}`, option);
  // CI keeps the text itself there, at times; it must not come back as the name of no file.
  if (file.includes("-----BEGIN")) return file;
  return secret(`ANAPLAN_${name.toUpperCase().replace("-", "_")}`, file);
}

async function oauth(file: string, options: CredentialOptions): Promise<Auth> {
  const client = oauthClient();
  const refreshToken = await readRefreshToken(file);
  if (!refreshToken) {
    throw new UsageError(
      `--refresh-token-file: nothing is in '${file}' yet; anaplan-tasks login puts a token there`,
    );
  }
  const onRefreshToken = (token: string) => writeRefreshToken(file, token);
  return { oauth: { ...client, refreshToken, onRefreshToken }, oauthUrl: options["oauth-url"] };
}

/** Which client of OAuth's this is. */
export function oauthClient(): { clientId: string; clientSecret?: string } {
  const { ANAPLAN_CLIENT_ID, ANAPLAN_CLIENT_SECRET } = process.env;
  if (!ANAPLAN_CLIENT_ID) {
    throw new UsageError("--refresh-token-file without ANAPLAN_CLIENT_ID: which client is it?");
  }
  return {
    clientId: ANAPLAN_CLIENT_ID,
    ...(ANAPLAN_CLIENT_SECRET && { clientSecret: ANAPLAN_CLIENT_SECRET }),
  };
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
  // Whoever writes a file ends its line, and Windows may begin it with a mark.
  const value = content.replace(/^\ufeff|\r?\n$/g, "");
  if (value) return value;
  throw new UsageError(`${option}: ${file === "-" ? "standard input" : `'${file}'`} is empty`);
}
