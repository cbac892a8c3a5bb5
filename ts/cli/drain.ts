import { once } from "node:events";
import type { Server } from "node:http";
import type { Socket } from "node:net";

/** Ends a server in peace: nothing new, and what is under way comes to its end. */
export class Drain {
  #server: Server;
  #started = false;
  /** Opened ahead of need, as browsers do. Node does not count them as idle. */
  #untouched = new Set<Socket>();

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#untouched.add(socket);
      socket.once("close", () => this.#untouched.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#untouched.delete(socket);
      // Nothing else would end a connection that becomes idle from now on.
      response.once("close", () => this.#started && server.closeIdleConnections());
    });
  }

  /** Whether it has begun, and answers are to be the last ones on their connections. */
  get started(): boolean {
    return this.#started;
  }

  /**
   * Resolves with whether all came to its end, `work` included, within `grace` milliseconds. What did
   * not is cut off.
   */
  async run(work: Promise<void>, grace: number): Promise<boolean> {
    this.#started = true;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#untouched) socket.destroy();

    let timer;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), grace);
    });
    // Whether it went well makes no difference to how this ends.
    const all = Promise.allSettled([closed, work]).then(() => true);
    const ended = await Promise.race([all, late]);
    clearTimeout(timer);
    this.#server.closeAllConnections();
    return ended;
  }
}
