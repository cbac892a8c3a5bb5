import type { Core, Download as File } from "./core.js";
import { joined } from "./bytes.js";
import { saveTo } from "./disk.js";
import { AnaplanError, invalid } from "./error.js";
import type { Download, DownloadOptions, TransferProgress } from "./types.js";

/** What the core knows of a file. */
interface About {
  name: string;
  chunkCount: number;
  caveats: string[];
  encoding?: string;
}

type Part = Uint8Array<ArrayBuffer>;

/** @param encodingOf asks for the encoding of the text, where somebody could know it better */
export function download(
  core: Core,
  file: File,
  options: DownloadOptions | undefined,
  encodingOf?: () => Promise<string | undefined>,
): Download {
  const { encoding, ...about } = core.now<About>(() => file.about());
  const farNow = () => core.now<TransferProgress>(() => file.progress());
  const report = progress(farNow, options?.onProgress);
  /** As far as it was known when somebody asked, or at its end. */
  let size: number | undefined;
  /** Whether all of it was handed on. */
  let isWhole = false;
  /** Why there is no more of it, where that is not its end. */
  let broken: { reason: unknown } | undefined;
  let isTaken = false;

  async function next(): Promise<Part[] | undefined> {
    isTaken = true;
    if (isWhole) return undefined;
    if (broken) throw broken.reason;
    try {
      const parts = await core.later<Part[] | undefined>(() => file.next());
      // Meanwhile: the core says nothing of why it has no more.
      if (broken) throw (broken as { reason: unknown }).reason;
      report(!parts);
      if (parts) return parts;
    } catch (error) {
      end(error);
      throw error;
    }
    sizeNow();
    isWhole = true;
    file.free();
    return undefined;
  }

  function sizeNow(): number | undefined {
    if (isWhole || broken) return size;
    try {
      size = farNow().size;
    } catch {
      // There is no core any more, as whoever reads is told.
    }
    return size;
  }

  /** Whoever is reading, or reads later, fails for this reason: no part is to pass for the whole. */
  function end(reason: unknown): void {
    if (isWhole || broken) return;
    sizeNow();
    broken = { reason };
    file.stop();
    // The core's memory never shrinks, so at once rather than with the next collection of garbage.
    file.free();
  }

  function close(): void {
    isTaken = true;
    end(new DOMException("The download was closed.", "AbortError"));
  }

  const stream = new ReadableStream<Part>(
    {
      async pull(controller) {
        const parts = await next();
        if (parts) for (const part of parts) controller.enqueue(part);
        else controller.close();
      },
      cancel: close,
    },
    // Nothing is fetched before somebody reads.
    { highWaterMark: 0 },
  );

  /** That it can be read yet. */
  function check(): void {
    if (broken) throw broken.reason;
    if (isTaken || stream.locked) throw alreadyRead();
  }

  /** Its parts, for one reader of them all. */
  async function* parts(): AsyncGenerator<Part, void, undefined> {
    check();
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

  async function all(): Promise<Part[]> {
    const list = [];
    for await (const part of parts()) list.push(part);
    return list;
  }

  return Object.freeze({
    ...about,
    get size() {
      return sizeNow();
    },
    stream,
    async bytes() {
      const list = await all();
      return joined(
        list,
        list.reduce((sum, part) => sum + part.length, 0),
      );
    },
    async text() {
      check();
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
  return invalid(
    "Reading the file: it is being read, or was, which works once. Download it again.",
  );
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
