import type { Auth, UserCode } from "../types.js";
import { UsageError } from "./command.js";
import type { ConnectionOptions } from "./connection.js";
import { oauthClient } from "./credentials.js";
import { exampleHelp } from "./example.js";
import { exit, exitHelp } from "./exit.js";
import { tryRefreshToken, writeRefreshToken } from "./refresh-token.js";
import { reportHelp, type Report } from "./report.js";
import { clientCommand } from "./session.js";
import { clean } from "./text.js";

export const login = clientCommand({
  summary: "signs in by OAuth in a browser, and keeps what later commands need",
  help: `Signs in by OAuth: prints an address and a code to enter there, in a browser on any machine, and
keeps the refresh token that comes of it, in a file that nobody else may read.

Usage: ANAPLAN_CLIENT_ID=... anaplan-tasks login --refresh-token-file FILE [options]

Options:
  --refresh-token-file FILE
                    where the token is kept; the other commands take the same option, and put there
                    what takes its place
  --region NAME     the tenant's data centre: us1, us9, eu3, gb1, ...
  --oauth-url URL   where OAuth is (default https://us1a.app.anaplan.com)

ANAPLAN_CLIENT_ID is that of a client for devices, which an administrator registers in Anaplan, and
ANAPLAN_CLIENT_SECRET its secret, if it has one.

${reportHelp}
                    code {userCode, verificationUri, verificationUriComplete, expiresAt},
                    login {file}

${exitHelp}

${exampleHelp.split("\n").slice(0, 2).join("\n")}
  export ANAPLAN_CLIENT_ID=70616f2f48dce01c40d6824e2ef3fc17
  npx anaplan-tasks login --refresh-token-file ~/.anaplan-token --oauth-url http://127.0.0.1:8080
Then, in another terminal, in place of a person who confirms the code:
  curl http://127.0.0.1:8080/simulator/approve -d '{"userCode":"THE-CODE"}'
`,
  options: {},
  words: 0,
  auth: signInAuth,
  async work({ anaplan, values, report, call }) {
    const file = values["refresh-token-file"]!;
    await anaplan.signIn(call);
    report.say(`signed in; ${clean(file)} is for --refresh-token-file`, { type: "login", file });
    return exit.succeeded;
  },
});

async function signInAuth(options: ConnectionOptions, report: Report): Promise<Auth> {
  const file = options["refresh-token-file"];
  if (file === undefined) throw new UsageError("login: give --refresh-token-file FILE");
  const client = oauthClient();
  await tryRefreshToken(file);
  const onUserCode = (ask: UserCode) => {
    const { userCode, verificationUri, verificationUriComplete, expiresAt } = ask;
    const minutes = Math.max(1, Math.round((expiresAt - Date.now()) / 60_000));
    report.ask(
      `Open  ${clean(verificationUriComplete ?? verificationUri)}\n` +
        `and confirm the code  ${clean(userCode)}\n` +
        `It is good for ${minutes} minutes.`,
      { type: "code", userCode, verificationUri, verificationUriComplete, expiresAt },
    );
  };
  const onRefreshToken = (token: string) => writeRefreshToken(file, token);
  return { oauth: { ...client, onUserCode, onRefreshToken }, oauthUrl: options["oauth-url"] };
}
