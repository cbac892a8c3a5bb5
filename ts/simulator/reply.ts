import { delay, forEver } from "./abort.js";

/** What the core answers besides the bytes. */
export interface Head {
  status: number;
  headers: [name: string, value: string][];
  /** Milliseconds before the first byte. */
  delay: number;
  ending: "whole" | "reset" | "stall" | "noAnswer" | "hang";
}

/** Plays an answer: late, broken or never, as the core wants it. */
export async function play(
  head: Head,
  bytes: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Response> {
  if (head.delay > 0) await delay(head.delay, signal);
  const { status, headers } = head;
  switch (head.ending) {
    case "hang":
      return forEver(signal);
    case "noAnswer":
      throw brokenConnection();
    case "reset":
    case "stall":
      // What has no body breaks before it is there.
      if (bytes.length < 2) throw brokenConnection();
      return new Response(half(bytes, head.ending, signal), { status, headers });
    case "whole": {
      const body = bytes.length > 0 ? bytes : null;
      return new Response(body, { status, headers });
    }
  }
}

/** A body of which the first half comes, and then an error or nothing. */
function half(
  bytes: Uint8Array<ArrayBuffer>,
  ending: "reset" | "stall",
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream(
    {
      async pull(controller) {
        if (!sent) {
          sent = true;
          controller.enqueue(bytes.subarray(0, bytes.length >> 1));
        } else if (ending === "stall") {
          await forEver(signal);
        } else {
          // Over a socket the first half is on its way before the connection breaks.
          await delay(10, signal);
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
