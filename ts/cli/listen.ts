// What the commands that serve share: where they listen, and how they hear that they are to end.
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { Failed, UsageError } from "./command.js";

/** An address to listen on. */
export function parseHost(host: string): string {
  // Node would listen on every address.
  if (!host) throw new UsageError("--host: expected an address, found an empty string");
  return host;
}

/** Resolves when the server listens. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    throw new Failed(explain(error as NodeJS.ErrnoException, host, port));
  }
}

function explain({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} of ${host} is in use; take another, or --port 0 for any that is free`;
    case "EACCES":
      return `port ${port} of ${host} needs more rights; take one above 1023`;
    default:
      return `cannot listen on port ${port} of ${host}: ${message}`;
  }
}

/** Where one of this machine's programs finds a server that listens. */
export function originOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  if (address === "0.0.0.0" || address === "::") return `http://127.0.0.1:${port}`;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

/** Resolves when the user, or whoever started this, wants it to end. */
export function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
}
