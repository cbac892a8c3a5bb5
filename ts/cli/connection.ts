// How a command reaches Anaplan, and what of that has to be said again in another one.
import { readFile, writeFile } from "node:fs/promises";
import type { Anaplan, Auth, ClientEvent, ConnectOptions, History } from "../types.js";
import { UsageError } from "./command.js";
import { credentialOptions, credentials, credentialsIfAny } from "./credentials.js";
import { quoted } from "./text.js";

export const connectionOptions = {
  "base-url": { type: "string" },
  region: { type: "string" },
  history: { type: "string" },
  ...credentialOptions,
} as const;

export type ConnectionOptions = { [Name in keyof typeof connectionOptions]?: string | undefined };

export const connectionHelp = `Where Anaplan is:
  --base-url URL    the API, or a gateway to it (default: that of the URL that is given, if it is
                    Anaplan's or this machine's, else https://api.anaplan.com/2/0)
  --region NAME     the tenant's data centre: us1, us9, eu3, gb1, ...
  --auth-url URL    where tokens for a user or a certificate come from
  --oauth-url URL   where those of OAuth come from
  --history FILE    keeps there how long runs took, to say when one may end`;

const API = "https://api.anaplan.com/2/0";

/** Where the API is, as far as it is known here: not where a region has it. */
export function baseUrlOf(options: ConnectionOptions, reference?: string): string | undefined {
  if (options["base-url"] !== undefined && options.region !== undefined) {
    throw new UsageError("--base-url and --region: which of them?");
  }
  if (options["base-url"] !== undefined) return options["base-url"].replace(/\/+$/, "");
  if (options.region !== undefined) return undefined;
  return baseUrlIn(reference) ?? API;
}

/** The base URL that a reference begins with. */
function baseUrlIn(reference = ""): string | undefined {
  const [, base] = /^(https?:\/\/.*?)\/workspaces\//i.exec(reference) ?? [];
  if (base === undefined) return undefined;
  const url = parsed(base);
  // A credential goes there: to Anaplan, or to this machine, and not to whom a text names.
  if (url?.protocol === "https:" && url.hostname.endsWith(".anaplan.com")) return base;
  if (url && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return base;
  throw new UsageError(
    `'${url?.host ?? base}' is neither Anaplan nor this machine; if it is to get your` +
      " credential, say so with --base-url",
  );
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Who a command is to `baseUrl`. A gateway, or what is asked like one, may need no credential. */
export async function authOf(
  options: ConnectionOptions,
  baseUrl: string | undefined,
): Promise<Auth | undefined> {
  const isAnaplan = baseUrl === undefined || /^https:\/\/[\w.-]+\.anaplan\.com\//.test(baseUrl);
  return isAnaplan ? credentials(options) : credentialsIfAny(options);
}

/** Opens a client. */
export async function open(
  options: ConnectionOptions,
  baseUrl: string | undefined,
  auth: Auth | undefined,
  onEvent: (event: ClientEvent) => void,
): Promise<Anaplan> {
  const settings: ConnectOptions = { baseUrl, region: options.region, auth, onEvent };
  if (options.history !== undefined) settings.history = historyIn(options.history);
  // Loaded now and not before: it holds a WebAssembly file.
  const { connect } = await import("../index.js");
  return connect(settings);
}

/** The options that another command needs to reach the same; `url` says the rest. */
export function connectionAgain(options: ConnectionOptions, url: string): string {
  return Object.keys(connectionOptions)
    .flatMap((name) => {
      const value = options[name as keyof ConnectionOptions];
      if (value === undefined || (name === "base-url" && isImplied(value, url))) return [];
      return [`--${name} ${quoted(value)}`];
    })
    .map((option) => ` ${option}`)
    .join("");
}

function isImplied(baseUrl: string, url: string): boolean {
  try {
    return baseUrlIn(url) === baseUrl.replace(/\/+$/, "");
  } catch {
    return false;
  }
}

/** Durations of runs by action, in a file of JSON. */
function historyIn(file: string): History {
  const all = async (): Promise<Record<string, number[]>> => {
    try {
      return Object(JSON.parse(await readFile(file, "utf8"))) as Record<string, number[]>;
    } catch {
      // There is none yet, or it is of no use: what it is for is an estimate.
      return {};
    }
  };
  return {
    load: async (action) => {
      const durations = await all();
      return Object.hasOwn(durations, action) ? durations[action]! : [];
    },
    save: async (action, durations) => {
      await writeFile(file, `${JSON.stringify({ ...(await all()), [action]: durations })}\n`);
    },
  };
}
