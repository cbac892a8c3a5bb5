import type { Client, Core, Pages } from "./core.js";
import { readFrom, sizeOf } from "./disk.js";
import { AnaplanError, invalid } from "./error.js";
import type { FileRef, UploadOptions, UploadResult, UploadSource } from "./types.js";

/** What Anaplan takes: help.anaplan.com, "Upload a file". */
const MOST_BYTES = 50_000_000;
const MOST_CHUNKS = 1000;
const CHUNK = 10_000_000;

/** Compressing takes time, so it must make a chunk this much smaller. */
const WORTHWHILE = 0.9;

/**
 * Sends a file, one chunk after another.
 * @param closed aborts when the client is closed, which the core hears of in its own calls alone
 */
export async function upload(
  core: Core,
  client: Client,
  ref: FileRef,
  source: UploadSource,
  options: UploadOptions | null | undefined,
  closed?: AbortSignal,
): Promise<UploadResult> {
  const { Call, List } = core;
  // Those that all calls have the core knows; to open a list asks for nothing.
  core.now<Pages>(() => client.list(List.Files, ref, options)).free();
  const { resume, signal, onProgress } = options ?? {};
  const timeout = options?.timeout ?? undefined;
  const { chunkSize, gzip } = checked(options ?? {});
  const ends = timeout === undefined ? Infinity : performance.now() + timeout;
  const call = (what: number, more?: unknown) => {
    const left = timeout === undefined ? undefined : Math.max(0, ends - performance.now());
    return core.later<void>(() => client.call(what, ref, { signal, timeout: left }, more));
  };

  const given = await open(source, resume?.bytes ?? 0);
  const size = given.size;
  if (size === 0) throw nothing();
  const chunkCount = size === undefined ? undefined : Math.ceil(size / chunkSize);
  if (chunkCount !== undefined && chunkCount > MOST_CHUNKS) {
    throw invalid(
      `chunkSize: expected at least ${Math.ceil(size! / MOST_CHUNKS)}, for Anaplan takes ${MOST_CHUNKS} chunks, found ${chunkSize}`,
    );
  }

  let [chunk, bytes, sentBytes] = [resume?.chunk ?? 0, resume?.bytes ?? 0, 0];
  const patience = patienceFor([signal, closed], timeout);
  const chunks = cut(whileWaiting(given.parts, patience), chunkSize, given.skip);
  // Not before there is something: it takes away what was there. Another would begin the file anew.
  let isAnnounced = Boolean(resume);
  try {
    const pack = packer(gzip);
    for await (const part of chunks) {
      if (chunk >= MOST_CHUNKS) {
        throw invalid(`chunkSize: expected more, for Anaplan takes ${MOST_CHUNKS} chunks`);
      }
      if (chunkCount !== undefined && chunk >= chunkCount) throw grown(size!);
      if (!isAnnounced) await call(Call.Announce, chunkCount);
      isAnnounced = true;
      const packed = await pack(part);
      await call(Call.Put, { number: chunk, ...packed });
      chunk += 1;
      bytes += part.length;
      sentBytes += packed.bytes.length;
      onProgress?.({
        bytes,
        chunks: chunk,
        ...(size !== undefined && { size }),
        ...(chunkCount !== undefined && { chunkCount }),
      });
    }
    if (bytes === 0) throw nothing();
    if (size !== undefined && bytes !== size) throw grown(size);
    if (chunkCount === undefined) await call(Call.Complete);
  } catch (error) {
    if (error instanceof AnaplanError && error.code !== "INVALID_ARGUMENT") {
      Object.assign(error, { resume: { chunk, bytes, chunkSize } });
    }
    throw error;
  } finally {
    patience.end();
    await chunks.return();
  }
  return { bytes, sentBytes, chunks: chunk };
}

function checked({ chunkSize, gzip, resume }: UploadOptions) {
  const size = chunkSize ?? resume?.chunkSize ?? CHUNK;
  if (!Number.isInteger(size) || size < 1 || size > MOST_BYTES) {
    throw invalid(`chunkSize: expected a whole number of bytes from 1 to ${MOST_BYTES}`);
  }
  if (![undefined, null, "auto", true, false].includes(gzip)) {
    throw invalid('gzip: expected "auto", true or false');
  }
  if (resume) {
    const { chunk, bytes } = resume;
    // The last one may be smaller: nothing but the word that all are there is missing then.
    if (!Number.isInteger(chunk) || chunk < 0 || Math.ceil(bytes / resume.chunkSize) !== chunk) {
      throw invalid("resume: expected what the error of an earlier upload has");
    }
    if (resume.chunkSize !== size) {
      throw invalid(
        `chunkSize: expected ${resume.chunkSize}, by which the upload was begun, found ${size}`,
      );
    }
  }
  return { chunkSize: size, gzip: gzip ?? "auto" };
}

interface Given {
  /** Of all of it, where that is known. */
  size?: number;
  parts: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
  /** How many bytes of the parts are not wanted. */
  skip?: number;
}

/** What a source has from a byte on; those that can be read once begin there by themselves. */
async function open(source: UploadSource, from: number): Promise<Given> {
  if (typeof source === "string") return open(new TextEncoder().encode(source), from);
  if (source instanceof ArrayBuffer) return open(new Uint8Array(source), from);
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source;
    return {
      size: byteLength,
      parts: [new Uint8Array(buffer, byteOffset, byteLength).subarray(from)],
    };
  }
  if (source instanceof Blob)
    return { size: source.size, parts: streamed(source.slice(from).stream()) };
  if (source instanceof ReadableStream) return { parts: streamed(source) };
  if (typeof source === "object" && source) {
    // Before paths: a stream of Node's that reads a file has one, and perhaps a part of it alone.
    if (Symbol.asyncIterator in source) return { parts: source };
    if (Symbol.iterator in source) {
      // An array, say, begins anew each time; what does not is its own iterator.
      const isAnew = source[Symbol.iterator]() !== (source as unknown);
      return { parts: source, ...(isAnew && { skip: from }) };
    }
    if ("path" in source) {
      const size = await sizeOf(source.path);
      if (size === undefined) return { parts: readFrom(source.path) };
      return { size, parts: readFrom(source.path, from) };
    }
  }
  throw invalid(
    "source: expected a string, bytes, a Blob, a ReadableStream, an iterable of bytes or text, or { path }",
  );
}

/** A stream's parts. No generator: that would not hear that it is left while it waits. */
function streamed(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  const next = () => reader.read() as Promise<IteratorResult<Uint8Array>>;
  const leave = async () => {
    await reader.cancel();
    return { done: true, value: undefined } as const;
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
}

/** Chunks of `size` bytes, all but the last. */
async function* cut(
  parts: AsyncGenerator<Uint8Array | string, void, undefined>,
  size: number,
  skip = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let left = skip;
  let chunk = new Uint8Array(size);
  let filled = 0;
  for await (const part of encoded(parts)) {
    let rest = part.subarray(Math.min(left, part.length));
    left -= part.length - rest.length;
    while (rest.length > 0) {
      const taken = rest.subarray(0, size - filled);
      chunk.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      if (filled < size) continue;
      yield chunk;
      [chunk, filled] = [new Uint8Array(size), 0];
    }
  }
  if (filled) yield chunk.subarray(0, filled);
}

/** Text as UTF-8, also where a character of two units is split between two parts. */
async function* encoded(parts: AsyncGenerator<Uint8Array | string, void, undefined>) {
  const encoder = new TextEncoder();
  let half = "";
  for await (const part of parts) {
    if (typeof part === "string") {
      const text = half + part;
      half = /[\ud800-\udbff]$/.test(text) ? text.slice(-1) : "";
      yield encoder.encode(half ? text.slice(0, -1) : text);
    } else if (part instanceof Uint8Array) {
      if (half) yield encoder.encode(half);
      half = "";
      yield part;
    } else {
      throw invalid("source: expected bytes or text in it");
    }
  }
  if (half) yield encoder.encode(half);
}

/** Says at once that somebody gives up, to whoever listens just then. */
interface Patience {
  check(): void;
  listener: ((reason: unknown) => void) | undefined;
  end(): void;
}

function patienceFor(
  signals: (AbortSignal | null | undefined)[],
  timeout: number | undefined,
): Patience {
  /** No timer of the host's takes longer. */
  const LONGEST = 2 ** 31 - 1;
  let over: { reason: unknown } | undefined;
  const patience: Patience = {
    listener: undefined,
    check() {
      if (over) throw over.reason;
    },
    end() {
      clearTimeout(timer);
      for (const end of ends) end();
    },
  };
  const lose = (reason: unknown) => {
    over ??= { reason };
    patience.listener?.(reason);
  };
  const ends = signals.map((signal) => {
    const abort = () => lose(signal!.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    return () => signal?.removeEventListener("abort", abort);
  });
  const timer =
    timeout === undefined || timeout > LONGEST
      ? undefined
      : setTimeout(() => lose(late(timeout)), timeout);
  return patience;
}

/** The same, until somebody gives up: a source that is waited for does not know of that. */
async function* whileWaiting<T>(
  parts: AsyncIterable<T> | Iterable<T>,
  patience: Patience,
): AsyncGenerator<T, void, undefined> {
  const iterator =
    Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      patience.check();
      const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
        patience.listener = reject;
        Promise.resolve(iterator.next()).then(resolve, reject);
      });
      isOver = Boolean(done);
      if (done) return;
      yield value;
    }
  } finally {
    if (!isOver) {
      // Not waited for: it may be what hangs. A stream of Node's would go on waiting all the same.
      void Promise.resolve(iterator.return?.()).catch(() => {});
      (parts as { destroy?: () => void }).destroy?.();
    }
  }
}

/** What makes chunks smaller, once the first has shown that it pays. */
function packer(gzip: "auto" | boolean) {
  let packs: boolean | undefined = gzip === "auto" ? undefined : gzip;
  if (!("CompressionStream" in globalThis)) {
    if (packs) throw invalid("gzip: nothing here can compress; leave it out");
    packs = false;
  }
  return async (part: Uint8Array<ArrayBuffer>) => {
    const plain = { bytes: part, gzip: false };
    if (packs === false) return plain;
    const stream = new Blob([part]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    packs ??= bytes.length < part.length * WORTHWHILE;
    return packs ? { bytes, gzip: true } : plain;
  };
}

function nothing(): AnaplanError {
  return invalid("source: expected something to upload, found nothing");
}

function grown(size: number): AnaplanError {
  return invalid(
    `source: expected ${size} bytes, found another number: it changed while it was read`,
  );
}

function late(timeout: number): AnaplanError {
  const message = `Uploading the file: no end within the timeout of ${timeout} ms`;
  return new AnaplanError({ code: "TIMEOUT", message, retryable: true });
}
