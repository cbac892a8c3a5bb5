import type { Core, Download as File } from "./core.js";
import { saveTo } from "./disk.js";
import { AnaplanError } from "./error.js";
import type { Download, DownloadOptions, TransferProgress } from "./types.js";

/** What the core knows of a file. */
interface About {
  name: string;
  chunkCount: number;
  caveats: string[];
  encoding?: string;
  size?: number;
}

/** @param encodingOf asks for the encoding of the text, where somebody could know it better */
export function download(
  core: Core,
  file: File,
  options: DownloadOptions | undefined,
  encodingOf?: () => Promise<string | undefined>,
): Download {
  const { encoding, ...about } = core.now<About>(() => file.about());
  const report = progress(() => core.now(() => file.progress()), options?.onProgress);
  let ended = false;

  function end(): void {
    // The core's memory never shrinks, so at once rather than with the next collection of garbage.
    if (!ended) file.free();
    ended = true;
  }

  async function next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (ended) return undefined;
    try {
      const bytes = await core.later<Uint8Array<ArrayBuffer> | undefined>(() => file.next());
      report(!bytes);
      if (!bytes) end();
      return bytes;
    } catch (error) {
      end();
      throw error;
    }
  }

  function close(): void {
    if (!ended) file.stop();
    end();
  }

  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const bytes = await next();
        if (bytes) controller.enqueue(bytes);
        else controller.close();
      },
      cancel: close,
    },
    // Nothing is fetched before somebody reads.
    { highWaterMark: 0 },
  );

  /** Its parts, for one reader of them all. */
  async function* parts(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    if (stream.locked) throw alreadyRead();
    const reader = stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      // Nothing to cancel at the end; before it, nobody reads any more.
      void reader.cancel().catch(() => {});
    }
  }

  async function all(): Promise<Uint8Array<ArrayBuffer>[]> {
    const list = [];
    for await (const part of parts()) list.push(part);
    return list;
  }

  return Object.freeze({
    ...about,
    stream,
    async bytes() {
      const list = await all();
      const bytes = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of list) {
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    },
    async text() {
      const known = await encodingOf?.().catch((error: unknown) => {
        // It can do without, but not when nobody waits any more.
        if (!(error instanceof AnaplanError)) throw error;
        return undefined;
      });
      const decoder = decoderOf(known ?? encoding ?? "utf-8");
      let text = "";
      for await (const part of parts()) text += decoder.decode(part, { stream: true });
      return text + decoder.decode();
    },
    async blob() {
      return new Blob(await all());
    },
    async saveTo(path: string | URL) {
      await saveTo(path, parts());
    },
    close,
  });
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch (cause) {
    const message = `Reading the file as text: its encoding '${encoding}' is not known here. Take bytes().`;
    throw new AnaplanError({ code: "PROTOCOL", message, retryable: false, cause });
  }
}

function alreadyRead(): AnaplanError {
  const message =
    "Reading the file: it is being read, or was, which works once. Download it again.";
  return new AnaplanError({ code: "INVALID_ARGUMENT", message, retryable: false });
}

/** Tells of bytes that are handed on: ten times a second at the most, and at the end. */
function progress(
  now: () => TransferProgress,
  onProgress: ((progress: TransferProgress) => void) | undefined,
) {
  const OFTEN = 100;
  let told = -Infinity;
  return (isLast: boolean) => {
    if (!onProgress || (!isLast && performance.now() - told < OFTEN)) return;
    told = performance.now();
    onProgress(now());
  };
}
