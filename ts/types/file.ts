// Files: what comes from Anaplan, and what goes there.
import type { CallOptions } from "./call.js";
import type { FileRef } from "./reference.js";
import type { TaskStatus } from "./task.js";

/** How a file is downloaded. */
export interface DownloadOptions extends CallOptions {
  /**
   * How many chunks are fetched at once, as far as memory allows.
   * @default 4
   */
  concurrency?: number | undefined;
  /**
   * The successful run whose file is wanted, for an export. What contradicts that is `STALE_FILE`:
   * the run did not succeed, or was more than 48 hours ago, the file is empty or missing. What
   * nobody can know is in `caveats`.
   */
  after?: TaskStatus | undefined;
  /** Told as bytes are handed on, no oftener than ten times a second, and at the end. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** How far a file is. */
export interface TransferProgress {
  /** Handed on, or accepted by Anaplan. */
  bytes: number;
  /** Of how many, where that is known. */
  size?: number;
  /** Chunks that are done. */
  chunks: number;
  /** Of how many, where that is known. */
  chunkCount?: number;
}

/**
 * A file on its way. Nothing of it was fetched yet but its list of chunks. It can be read once, by one
 * of the ways below; `close()`, aborting the call's `signal`, or cancelling the stream ends it.
 */
export interface Download {
  /**
   * By which name Anaplan knows it, else one made of its id. Whoever named it may have put slashes into
   * it: it is not a path.
   */
  readonly name: string;
  /**
   * In bytes, from when it is known; `undefined` before that. Anaplan says it of a chunk alone, and not
   * before it is asked for it: of a file in one chunk it is known with the first byte, as a rule, of
   * any other at its end.
   */
  readonly size: number | undefined;
  /** How many pieces Anaplan keeps it in. */
  readonly chunkCount: number;
  /** What could not be checked of it, in plain sentences; with `after` only. */
  readonly caveats: readonly string[];
  /**
   * Its bytes, in order. Fetched as they are read. A chunk that fails is fetched again; what cannot
   * be had makes the stream fail, so that no part of a file ever passes for the whole.
   */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** All of its bytes. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Its text, read by the export's own encoding; UTF-8 where Anaplan names none. */
  text(): Promise<string>;
  /** All of its bytes, kept by the host, on disk perhaps. */
  blob(): Promise<Blob>;
  /**
   * Writes it to a file, in Node, Deno and Bun: to `path` with `.partial` at the end, which takes its
   * name when it is whole, and is removed when it does not get there. A pipe or a device is written to
   * as it is.
   */
  saveTo(path: string | URL): Promise<void>;
  /** Ends it. */
  close(): void;
}

/** A file of a model, as a list has it. */
export interface FileSummary {
  id: string;
  name: string;
  chunkCount?: number;
  encoding?: string;
  format?: string;
  separator?: string;
  delimiter?: string;
  headerRow?: number;
  firstDataRow?: number;
  ref: FileRef;
}

/** A file of a model: what an import reads, or what an export wrote. */
export interface ModelFile {
  readonly ref: FileRef;
  /**
   * Puts another content in its place, this user's own, for imports to read. In chunks, each sent
   * again where it fails.
   *
   * What fails for good has `resume` in its error: handed to another call, with the same source, that
   * one goes on where this one broke.
   */
  upload(source: UploadSource, options?: UploadOptions): Promise<UploadResult>;
  /** Its content, as this user sees it. */
  download(options?: Omit<DownloadOptions, "after">): Promise<Download>;
}

/**
 * What is uploaded: bytes, text (sent as UTF-8), a `Blob` or `File`, a stream, an iterable of bytes or
 * text, or, in Node, Deno and Bun, the path of a file: `{ path: "./rows.csv" }`.
 */
export type UploadSource =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>
  | { path: string | URL };

/** How a file is uploaded. */
export interface UploadOptions extends CallOptions {
  /**
   * Bytes in a chunk, before they are compressed. Anaplan takes 50 000 000 at the most, and 1000 chunks.
   * @default 10_000_000
   */
  chunkSize?: number | undefined;
  /**
   * Whether chunks are compressed: where it pays, which the first of them tells, never, or always.
   * @default "auto"
   */
  gzip?: "auto" | boolean | undefined;
  /**
   * Where an earlier upload broke, from its error. Streams and iterators, which are read once, and
   * iterables that are asynchronous, are to begin there; all others begin at their own beginning.
   */
  resume?: UploadResume | undefined;
  /** Told of each chunk that Anaplan has accepted. */
  onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** Where an upload broke: the chunk that is missing, and the byte of the source where it begins. */
export interface UploadResume {
  chunk: number;
  bytes: number;
  /** By which size chunks were cut; another would not fit. */
  chunkSize: number;
}

/** What was uploaded. */
export interface UploadResult {
  /** Of the source. */
  bytes: number;
  /** What was sent, which is less where chunks were compressed. */
  sentBytes: number;
  chunks: number;
}

/** The rows that an import, or a step of a process, refused. */
export interface DumpOptions extends Omit<DownloadOptions, "after"> {
  /** Of a process: which step, by the `objectId` of its result. */
  objectId?: string | undefined;
}
