// The clients of a page's elements: one for each gateway, as long as an element needs it.
import type { Anaplan } from "../types.js";
import { heed } from "./follower.js";
import { storedHistory } from "./history.js";

export interface Connection {
  readonly client: Promise<Anaplan>;
  /** Says that it is not needed any more. */
  release(): void;
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
export function connectTo(baseUrl: string, keepsHistory: boolean): Connection {
  const key = `${keepsHistory} ${new URL(baseUrl, document.baseURI)}`;
  let shared = connections.get(key);
  if (!shared) {
    shared = { client: open(baseUrl, keepsHistory), users: 0 };
    connections.set(key, shared);
    // One that could not be had is tried anew by the next who needs it.
    shared.client.catch(() => connections.delete(key));
  }
  return use(key, shared);
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
  };
}

function close(key: string, shared: Shared): void {
  if (connections.get(key) === shared) connections.delete(key);
  shared.client.then(
    (client) => client.close(),
    () => {},
  );
}

/** The core is not loaded before an element needs it: what an element shows first does not wait. */
async function open(baseUrl: string, keepsHistory: boolean): Promise<Anaplan> {
  const { connect } = await import("../index.js");
  return connect({ baseUrl, ...(keepsHistory && { history: storedHistory }), onEvent: heed });
}
