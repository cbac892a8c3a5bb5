import { UsageError } from "./command.js";

/** What people try first, and what to do instead. */
const instead: Record<string, string> = {
  token: "set ANAPLAN_TOKEN, or give --token-file FILE",
  "access-token": "set ANAPLAN_TOKEN, or give --token-file FILE",
  "auth-token": "set ANAPLAN_TOKEN, or give --token-file FILE",
  auth: "set ANAPLAN_TOKEN, or ANAPLAN_USER and ANAPLAN_PASSWORD",
  password: "set ANAPLAN_USER and ANAPLAN_PASSWORD, or give --password-file FILE",
  pass: "set ANAPLAN_USER and ANAPLAN_PASSWORD, or give --password-file FILE",
  user: "set ANAPLAN_USER and ANAPLAN_PASSWORD, or give --password-file FILE",
  secret: "set ANAPLAN_CLIENT_SECRET",
  "client-secret": "set ANAPLAN_CLIENT_SECRET",
  "client-id": "set ANAPLAN_CLIENT_ID",
  "refresh-token": "give --refresh-token-file FILE",
  "redis-password": "set REDIS_PASSWORD",
};

/** Refuses an argument that is, or looks like, a secret: others can read it there. Never repeats it. */
export function refuseSecrets(args: readonly string[]): void {
  for (const arg of args) {
    if (arg === "--") break;
    const [, name = ""] = /^--?([\w-]+)/.exec(arg) ?? [];
    if (Object.hasOwn(instead, name)) {
      throw new UsageError(
        `'--${name}': who you are is not for an argument, which others on this machine can read;` +
          ` ${instead[name]}`,
      );
    }
    if (/-----BEGIN |^(AnaplanAuthToken|Bearer|Basic) /i.test(arg)) {
      throw new UsageError(
        "an argument looks like a secret, which others on this machine could read there; set" +
          " ANAPLAN_TOKEN, or name a file that holds it",
      );
    }
    if (/(^|=)https?:\/\/[^/@\s]*@/i.test(arg)) {
      throw new UsageError("an address must not hold a user or a password: others can read it");
    }
  }
}
