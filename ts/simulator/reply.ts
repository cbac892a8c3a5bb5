import { delay, forEver } from "./abort.js";
import { Core } from "./core.js";

/** What the core answers besides the bytes. */
export interface Head {
  status: number;
  headers: [name: string, value: string][];
  /** Milliseconds before the first byte. */
  delay: number;
  ending: "whole" | "reset" | "stall" | "noAnswer" | "hang";
  /** Part of a file, to be read piece by piece; its content is the core's business. */
  part: object | null;
  /** The bytes of that part. */
  size: number | null;
}

/** Who asked. The signal of a request ends with the request, so that both are kept. */
export interface Asked {
  signal: AbortSignal;
  request: Request;
}

/** Plays an answer: late, broken or never, as the core wants it. */
export async function play(
  head: Head,
  bytes: Uint8Array<ArrayBuffer>,
  asked: Asked,
): Promise<Response> {
  const { signal } = asked;
  if (head.delay > 0) await delay(head.delay, signal);
  const { status, headers, part } = head;
  const size = part ? (head.size ?? 0) : bytes.length;
  const read = part ? reader(part) : (from: number) => bytes.subarray(from);
  switch (head.ending) {
    case "hang":
      return forEver(signal);
    case "noAnswer":
      throw brokenConnection();
    case "reset":
    case "stall":
      // What has no body breaks before it is there.
      if (size < 2) throw brokenConnection();
      return new Response(stream(read, Math.floor(size / 2), head.ending, asked), {
        status,
        headers,
      });
    case "whole": {
      const body = bytes.length > 0 ? bytes : null;
      return new Response(part ? stream(read, size, "whole", asked) : body, { status, headers });
    }
  }
}

type Read = (from: number) => Uint8Array<ArrayBuffer>;

/** The bytes from a place on, as many as the core makes at once. */
function reader(part: object): Read {
  const text = JSON.stringify(part);
  return (from) => Core.read(text, from) as Uint8Array<ArrayBuffer>;
}

/** A body of which so many bytes come, when they are wanted, and then its end, an error or nothing. */
function stream(
  read: Read,
  size: number,
  ending: "whole" | "reset" | "stall",
  asked: Asked,
): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream(
    {
      async pull(controller) {
        asked.signal.throwIfAborted();
        if (sent < size) {
          const piece = read(sent).subarray(0, size - sent);
          sent += piece.length;
          controller.enqueue(piece);
          if (sent >= size && ending === "whole") controller.close();
        } else if (ending === "stall") {
          await forEver(asked.signal);
        } else {
          // Over a socket the first half is on its way before the connection breaks.
          await delay(10, asked.signal);
          throw brokenConnection();
        }
      },
    },
    { highWaterMark: 0 },
  );
}

/** What `fetch` rejects with when the network fails. */
function brokenConnection(): TypeError {
  return new TypeError("fetch failed", { cause: new Error("the simulated connection broke") });
}
