import { once } from "node:events";
import type { Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";

/** Ends a server in peace: nothing new, and what is under way comes to its end. */
export class Drain {
  #server: Server;
  #started = false;
  /**
   * How many answers are on their way over each connection. Node keeps count, too, but takes for busy
   * what browsers open ahead of need, and for idle who has yet to read the end of an answer.
   */
  #answers = new Map<Socket, number>();

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#answers.set(socket, 0);
      socket.once("close", () => this.#answers.delete(socket));
    });
    server.on("request", ({ socket }, response) => {
      this.#add(socket, 1);
      response.once("close", () => {
        this.#add(socket, -1);
        // Nothing else would end a connection that becomes idle from now on.
        if (this.#started && !this.#answers.get(socket)) socket.destroySoon();
      });
    });
  }

  #add(socket: Socket, number: number): void {
    const answers = this.#answers.get(socket);
    if (answers !== undefined) this.#answers.set(socket, answers + number);
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
    // That of HTTP would end what Node takes for idle.
    NetServer.prototype.close.call(this.#server);
    for (const [socket, answers] of this.#answers) if (!answers) socket.destroy();

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
