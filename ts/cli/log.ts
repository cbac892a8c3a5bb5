import type { GatewayEvent } from "../gateway/types.js";

/** How much is said: nothing, what whoever runs it wants to know, or each request to Anaplan, too. */
export type Loudness = "quiet" | "normal" | "verbose";

type Level = "debug" | "info" | "warn";

/**
 * Writes what happens to standard error, an object in a line each. As JSON, so that nothing that comes
 * from outside can end a line and begin another.
 */
export class Log {
  readonly #loudness: Loudness;

  constructor(loudness: Loudness) {
    this.#loudness = loudness;
    // A server goes on when nobody listens to it.
    process.stderr.on("error", () => {});
  }

  event(event: GatewayEvent): void {
    this.#write(levelOf(event), event);
  }

  say(level: Level, type: string, message: string): void {
    this.#write(level, { type, message });
  }

  #write(level: Level, what: object): void {
    if (this.#loudness === "quiet") return;
    if (this.#loudness === "normal" && level === "debug") return;
    const line = JSON.stringify({ time: new Date().toISOString(), level, ...what });
    process.stderr.write(`${line}\n`);
  }
}

function levelOf(event: GatewayEvent): Level {
  switch (event.type) {
    case "served":
      return event.status >= 500 ? "warn" : "info";
    case "rateLimit":
    case "retry":
      return "warn";
    case "renewal":
      return event.code ? "warn" : "debug";
    case "store":
      return event.state === "away" ? "warn" : "info";
    default:
      return "debug";
  }
}
