// The clients of a page's elements: one for each gateway, as long as an element needs it.
import type { Anaplan } from "../types.js";
import { heed } from "./follower.js";
import { storedHistory } from "./history.js";
import { load } from "./load.js";

export interface Connection {
  readonly client: Promise<Anaplan>;
  /** Says that it is not needed any more. */
  release(): void;
  /** The same once more, to be released by itself. */
  again(): Connection;
  /** Says that it is of no use to anybody: who comes next gets another. */
  discard(): void;
}

interface Shared {
  client: Promise<Anaplan>;
  users: number;
  closing?: ReturnType<typeof setTimeout> | undefined;
}

const connections = new Map<string, Shared>();

// No task is asked for twice in five seconds, and the client is what remembers when it was.
const remembered = 5_000;

/** The client for a gateway. */
export function connectTo(baseUrl: string): Connection {
  const key = absolute(baseUrl);
  let shared = connections.get(key);
  if (!shared) {
    shared = { client: open(baseUrl), users: 0 };
    connections.set(key, shared);
    // One that could not be had is tried anew by the next who needs it.
    shared.client.catch(() => discard(key, shared!));
  }
  return use(key, shared);
}

/** What is no address is refused by the client, with a reason; it must not pass for one that is. */
function absolute(baseUrl: string): string {
  const base = baseUrl.startsWith("/") ? document.baseURI : undefined;
  return URL.canParse(baseUrl, base) ? new URL(baseUrl, base).href : baseUrl;
}

function use(key: string, shared: Shared): Connection {
  clearTimeout(shared.closing);
  shared.users += 1;
  let isReleased = false;
  return {
    client: shared.client,
    release() {
      if (isReleased) return;
      isReleased = true;
      shared.users -= 1;
      if (shared.users === 0) shared.closing = setTimeout(() => close(key, shared), remembered);
    },
    again: () => use(key, shared),
    discard: () => discard(key, shared),
  };
}

function discard(key: string, shared: Shared): void {
  if (connections.get(key) === shared) connections.delete(key);
}

function close(key: string, shared: Shared): void {
  discard(key, shared);
  shared.client.then(
    (client) => client.close(),
    () => {},
  );
}

async function open(baseUrl: string): Promise<Anaplan> {
  const { connect } = await load();
  return connect({ baseUrl, history: storedHistory, onEvent: heed });
}
