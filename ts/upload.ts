import type { Client, Core } from "./core.js";
import { readFrom, sizeOf } from "./disk.js";
import { AnaplanError } from "./error.js";
import type { FileRef, UploadOptions, UploadResult, UploadSource } from "./types.js";

/** What Anaplan takes: help.anaplan.com, "Upload a file". */
const MOST_BYTES = 50_000_000;
const MOST_CHUNKS = 1000;
const CHUNK = 10_000_000;

/** Compressing takes time, so it must make a chunk this much smaller. */
const WORTHWHILE = 0.9;

/** Sends a file, one chunk after another. */
export async function upload(
  core: Core,
  client: Client,
  ref: FileRef,
  source: UploadSource,
  options: UploadOptions = {},
): Promise<UploadResult> {
  const { Call } = core;
  const { resume, signal, timeout, onProgress } = options;
  const { chunkSize, gzip } = checked(options);
  const ends = timeout === undefined ? Infinity : performance.now() + timeout;
  const call = (what: number, more?: unknown) => {
    const left = timeout === undefined ? undefined : Math.max(0, ends - performance.now());
    return core.later<void>(() => client.call(what, ref, { signal, timeout: left }, more));
  };

  const given = await open(source, resume?.bytes ?? 0);
  const size = given.size;
  if (size === 0) throw invalid("source: expected something to upload, found nothing");
  const chunkCount = size === undefined ? undefined : Math.ceil(size / chunkSize);
  if (chunkCount !== undefined && chunkCount > MOST_CHUNKS) {
    throw invalid(
      `chunkSize: expected at least ${Math.ceil(size! / MOST_CHUNKS)}, for Anaplan takes ${MOST_CHUNKS} chunks, found ${chunkSize}`,
    );
  }

  let [chunk, bytes, sentBytes] = [resume?.chunk ?? 0, resume?.bytes ?? 0, 0];
  const chunks = cut(given.parts, chunkSize, signal);
  try {
    // Another announcement would begin the file anew.
    if (!resume) await call(Call.Announce, chunkCount);
    const pack = packer(gzip);
    for await (const part of chunks) {
      if (chunk >= MOST_CHUNKS) {
        throw invalid(`chunkSize: expected more, for Anaplan takes ${MOST_CHUNKS} chunks`);
      }
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
    if (bytes === 0) throw invalid("source: expected something to upload, found nothing");
    if (size !== undefined && bytes !== size) {
      throw invalid(`source: expected ${size} bytes, found ${bytes}: it changed while it was read`);
    }
    if (chunkCount === undefined) await call(Call.Complete);
  } catch (error) {
    if (error instanceof AnaplanError && error.code !== "INVALID_ARGUMENT") {
      Object.assign(error, { resume: { chunk, bytes, chunkSize } });
    }
    throw error;
  } finally {
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
    if (resume.chunkSize !== size) {
      throw invalid(
        `chunkSize: expected ${resume.chunkSize}, by which the upload was begun, found ${size}`,
      );
    }
    if (!Number.isInteger(chunk) || chunk < 0 || bytes !== chunk * size) {
      throw invalid("resume: expected what the error of an earlier upload has");
    }
  }
  return { chunkSize: size, gzip: gzip ?? "auto" };
}

interface Given {
  /** Of all of it, where that is known. */
  size?: number;
  parts: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;
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
    if ("path" in source)
      return { size: await sizeOf(source.path), parts: readFrom(source.path, from) };
    if (Symbol.asyncIterator in source || Symbol.iterator in source) return { parts: source };
  }
  throw invalid(
    "source: expected a string, bytes, a Blob, a ReadableStream, an iterable of bytes or text, or { path }",
  );
}

async function* streamed(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** Chunks of `size` bytes, all but the last. */
async function* cut(
  parts: Given["parts"],
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let chunk = new Uint8Array(size);
  let filled = 0;
  for await (const part of untilAborted(parts, signal)) {
    let rest = typeof part === "string" ? new TextEncoder().encode(part) : part;
    if (!(rest instanceof Uint8Array)) throw invalid("source: expected bytes or text in it");
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

/** The same, until somebody gives up: a source that is waited for does not know of that. */
async function* untilAborted<T>(
  parts: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator =
    Symbol.asyncIterator in parts ? parts[Symbol.asyncIterator]() : parts[Symbol.iterator]();
  let abort: () => void = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal!.reason);
  });
  // Nobody may be waiting for it.
  aborted.catch(() => {});
  signal?.addEventListener("abort", abort);
  let isOver = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await Promise.race([iterator.next(), aborted]);
      isOver = Boolean(done);
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    // Not waited for: it may be what hangs.
    if (!isOver) void Promise.resolve(iterator.return?.()).catch(() => {});
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

function invalid(message: string): AnaplanError {
  return new AnaplanError({ code: "INVALID_ARGUMENT", message, retryable: false });
}
