// What `connect()` takes.
import type { ErrorCode } from "../error.js";
import type { TaskRef } from "./reference.js";

/** How to reach Anaplan, and as whom. */
export interface ConnectOptions {
  /**
   * Where the API is. In a browser this is your gateway, and may be a path of the page's own
   * origin: Anaplan refuses every other site's pages.
   * @default "https://api.anaplan.com/2/0"
   */
  baseUrl?: string | URL | undefined;
  /**
   * Where the tenant is: sets the defaults of `baseUrl`, `authUrl` and `oauthUrl`.
   * @default "us1"
   */
  region?: Region | undefined;
  /** Left out, no `Authorization` header is sent: a gateway adds it. */
  auth?: Auth | undefined;
  /** Used instead of `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  /**
   * This client's share of the requests that Anaplan grants a tenant: 600 in a minute, for all its
   * workspaces and tools together. A tenth of it may go at once. Cancels go first, then tokens, then
   * statuses, each in the order in which it was asked for.
   * @default 300
   */
  requestsPerMinute?: number | undefined;
  /**
   * How long one answer may take, in milliseconds.
   * @default 30000
   */
  requestTimeout?: number | undefined;
  /**
   * How often one request of a call is sent at the most, the first time included: after network
   * faults, time-outs, broken answers, 408, 409, 410, 423, 424, 429 and 5xx, and once more after a
   * 401 for which a new token could be had. The delays between double, and are drawn at random.
   * @default 5
   */
  attempts?: number | undefined;
  /**
   * How long earlier runs took. With it, questions gather where a run is likely to end, and statuses
   * have `expected`.
   */
  history?: History | undefined;
  /**
   * Told of each request, answer, retry, rate limit, renewal of a token, pause and resumption, for
   * logs and metrics. It is called while the client works, so it should be quick; what it throws is
   * ignored.
   */
  onEvent?: ((event: ClientEvent) => void) | undefined;
  /**
   * The core's WebAssembly (`anaplan-tasks/core.wasm`), for hosts that must serve it apart. It is
   * loaded once for all clients, so the first `connect()` decides.
   */
  wasm?: URL | Response | BufferSource | WebAssembly.Module | undefined;
}

/**
 * Anaplan's data centres. The first eight share their hosts. `ca1` and `au1` are as reported, not as
 * documented.
 */
export type Region =
  | "us1"
  | "us2"
  | "us5"
  | "us7"
  | "eu1"
  | "eu2"
  | "eu4"
  | "ap1"
  | "us9"
  | "eu3"
  | "eu5"
  | "gb1"
  | "sg1"
  | "ae1"
  | "in1"
  | "id1"
  | "me1"
  | "ca1"
  | "au1"
  | (string & {});

/**
 * Who we are to Anaplan: a token, a user and a password, a certificate, OAuth, or a function that gets
 * tokens.
 *
 * Tokens live 35 minutes. One that can be renewed is, when four fifths of its life are over or the
 * server refuses it: once, however many calls wait for it.
 */
export type Auth =
  | string
  | BasicAuth
  | CertificateAuth
  | OAuth
  | ((ask: TokenRequest) => TokenAnswer | Promise<TokenAnswer>);

/** A user of Anaplan's, for programs: no password belongs in a browser. */
export interface BasicAuth {
  basic: { user: string; password: string };
  /**
   * Where tokens come from. The password is sent there and nowhere else.
   * @default "https://auth.anaplan.com"
   */
  authUrl?: string | URL | undefined;
  /** Whether `close()` ends the session at Anaplan, too. */
  logout?: boolean | undefined;
}

/** A certificate that is registered with Anaplan, for programs. Takes a host with WebCrypto. */
export interface CertificateAuth {
  certificate: {
    /** In PEM: `-----BEGIN CERTIFICATE-----`. Of several, the first one, and nothing else, is sent. */
    certificate: string;
    /** In PEM, PKCS#8 or PKCS#1, not encrypted. It never leaves this machine. */
    privateKey: string;
    /**
     * The format of what is signed. Anaplan takes `v2` alone since June 2026.
     * @default "v2"
     */
    format?: "v1" | "v2" | undefined;
    /**
     * The unit of the time in format `v2`, of which Anaplan's pages say nothing: their sample is in
     * seconds, other clients send milliseconds.
     * @default "seconds"
     */
    timestamp?: "seconds" | "milliseconds" | undefined;
  };
  /** @default "https://auth.anaplan.com" */
  authUrl?: string | URL | undefined;
  /** Whether `close()` ends the session at Anaplan, too. */
  logout?: boolean | undefined;
}

/** OAuth, for a client that is registered with Anaplan. */
export interface OAuth {
  oauth: {
    clientId: string;
    /** For clients of the authorization code grant. */
    clientSecret?: string | undefined;
    /** May be left out with `onUserCode`. */
    refreshToken?: string | undefined;
    /**
     * Told of each new refresh token, where they rotate: the old one is worth nothing then. It is
     * awaited, for `requestTimeout` at the most, before the access token is used. Should it fail, the
     * call does, and it is told again before the next request.
     */
    onRefreshToken?: ((token: string) => void | Promise<void>) | undefined;
    /**
     * With it, and without a refresh token that is good, a person is asked to sign in at
     * `verificationUri` with `userCode`: the device flow.
     */
    onUserCode?: ((ask: UserCode) => void | Promise<void>) | undefined;
  };
  /** @default "https://us1a.app.anaplan.com" */
  oauthUrl?: string | URL | undefined;
}

/** What a person needs to sign in elsewhere. */
export interface UserCode {
  userCode: string;
  verificationUri: string;
  /** The same with the code in it, where Anaplan gives one. */
  verificationUriComplete?: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** A memory of how long runs of an action took; durations only, in milliseconds, newest last. */
export interface History {
  /** What is on record of an action; it may hold anything, at the worst it is of no use. */
  load(action: string): number[] | Promise<number[]>;
  /** Puts it on record. */
  save(action: string, durations: number[]): void | Promise<void>;
}

/** Something that a client did. Times are milliseconds; there is no secret in it. */
export type ClientEvent =
  | (ClientRequest & { type: "request" })
  | (ClientRequest & { type: "answer"; status: number; duration: number })
  /** It failed, and is sent again no earlier than after `delay`. */
  | (ClientRequest & { type: "retry"; delay: number } & ClientFailure)
  /** Anaplan wants nothing for so long. */
  | { type: "rateLimit"; delay: number }
  /** A token was asked for; with `code` and `message` there was none. */
  | ({ type: "renewal"; reason: TokenRequest["reason"]; duration: number } & Partial<ClientFailure>)
  /**
   * Nothing is sent: by no one (`rateLimit`), or for one watch of a task (`hidden`), whose page is in
   * the background and whose `whenHidden` is `pause`.
   */
  | { type: "pause"; reason: "rateLimit"; duration: number }
  | { type: "resume"; reason: "rateLimit" }
  | { type: "pause" | "resume"; reason: "hidden"; ref: TaskRef };

/** A request, in an event. */
export interface ClientRequest {
  method: "GET" | "POST" | "DELETE";
  /** Below `baseUrl`, `authUrl` or `oauthUrl`. */
  path: string;
  /** Which task it is about. */
  ref?: TaskRef;
  /** 1 at first. */
  attempt: number;
}

/** What went wrong, in an event. */
export interface ClientFailure {
  code: ErrorCode;
  /** The HTTP status, when there was an answer. */
  status?: number;
  message: string;
}

/** What a function that gets tokens is told. */
export interface TokenRequest {
  /** Whether there was no token yet, the last one expired, or the server refused it. */
  reason: "first" | "expiring" | "rejected";
  /** Aborts when nobody waits for the token any more. */
  signal: AbortSignal;
}

/** A token; after `expiresAt`, in milliseconds since the epoch, another is asked for. */
export type TokenAnswer = string | { token: string; expiresAt?: number | undefined };
