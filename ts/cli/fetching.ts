// A file from Anaplan to where it is wanted.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import type { Download, DownloadOptions, TransferProgress } from "../types.js";
import { freeName } from "./output.js";
import type { Report } from "./report.js";

export interface Fetching {
  report: Report;
  signal: AbortSignal;
  /** A path, `-` for standard output, or nothing for the file's own name. */
  output: string | undefined;
  /** Whether what is there by its own name may be replaced. */
  force: boolean;
}

/** Fetches what `start` begins to download, and writes it. */
export async function fetchTo(
  { report, signal, output, force }: Fetching,
  start: (options: DownloadOptions) => Promise<Download>,
): Promise<void> {
  let path = output ?? "";
  let bytes = 0;
  const onProgress = (progress: TransferProgress) => {
    bytes = progress.bytes;
    report.transfer(path, progress);
  };
  const download = await start({ signal, onProgress });
  try {
    path = output ?? (await freeName(download.name, force));
    report.transfer(path, { bytes: 0, chunks: 0, chunkCount: download.chunkCount });
    if (path === "-") await toStandardOutput(download);
    else await download.saveTo(path);
  } catch (error) {
    download.close();
    throw error;
  }
  const { name, caveats } = download;
  report.file({ path, name, bytes, caveats });
}

async function toStandardOutput({ stream }: Download): Promise<void> {
  const source = Readable.fromWeb(stream as unknown as ReadableStream<Uint8Array>);
  try {
    await pipeline(source, process.stdout, { end: false });
  } catch (error) {
    // Whoever reads may have had enough.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
}
