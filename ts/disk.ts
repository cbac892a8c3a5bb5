// Files of the machine's own, where there are any: Node, Deno, Bun. Loaded when they are first needed,
// and by a name that no bundler looks at, for a browser has no such module.
import { joined } from "./bytes.js";
import { invalid, type AnaplanError } from "./error.js";
import { isPassage } from "./passage.js";

type Fs = typeof import("node:fs/promises");
type FileHandle = import("node:fs/promises").FileHandle;

async function fileSystem(): Promise<Fs> {
  const name = "node:fs/promises";
  // Where nothing can be imported while a program runs, as under Jest, Node itself still gives it.
  const own = globalThis.process?.getBuiltinModule?.(name);
  if (own) return own;
  try {
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as Fs;
  } catch (cause) {
    throw invalid(
      "path: there is no file system here; take stream, bytes(), text() or blob()",
      cause,
    );
  }
}

/** Enough at once that a disk is not asked too often, and little enough to hold. */
const BLOCK = 1_000_000;

/** Writes `parts` to `path`, which is there when it is whole and not before. */
export async function saveTo(
  path: string | URL,
  parts: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<void> {
  const fs = await fileSystem();
  if (await isPassage(fs, path)) return passOn(fs, path, parts);
  const { open, rename, rm, stat } = fs;
  const partial = besideIt(path);
  // One that was left behind goes. Whoever still writes to it does so without a name, so that two
  // never write to one file.
  await rm(partial, { force: true });
  // Readable to no more people than what it takes the place of.
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
  const file = await open(partial, "wx", mode);
  const { ino, dev } = await file.stat();
  const isOurs = () =>
    stat(partial).then(
      (found) => found.ino === ino && found.dev === dev,
      () => false,
    );
  try {
    await writeAll(file, parts);
    // Before it takes its name, so that no crash leaves half a file under it.
    await file.sync();
    if (!(await isOurs())) throw replaced(partial);
    await file.close();
    await rename(partial, path);
  } catch (error) {
    if (await isOurs()) await rm(partial, { force: true });
    // Closed already, or not: it is to go in either case.
    await file.close().catch(() => {});
    throw error;
  } finally {
    await parts.return();
  }
}

/** Writes `parts` into what is no file, and would be lost were one put in its place. */
async function passOn(
  { open }: Fs,
  path: string | URL,
  parts: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<void> {
  const passage = await open(path, "a");
  try {
    await writeAll(passage, parts);
  } finally {
    await passage.close();
    await parts.return();
  }
}

function replaced(partial: string | URL): AnaplanError {
  return invalid(`path: somebody else writes to ${String(partial)}, too`);
}

function besideIt(path: string | URL): string | URL {
  if (typeof path === "string") return `${path}.partial`;
  const partial = new URL(path);
  partial.pathname += ".partial";
  return partial;
}

async function writeAll(
  file: FileHandle,
  parts: AsyncGenerator<Uint8Array, void, undefined>,
): Promise<void> {
  let block: Uint8Array[] = [];
  let size = 0;
  for await (const part of parts) {
    block.push(part);
    size += part.length;
    if (size < BLOCK) continue;
    await writeBlock(file, block, size);
    [block, size] = [[], 0];
  }
  if (size) await writeBlock(file, block, size);
}

async function writeBlock(file: FileHandle, block: Uint8Array[], size: number): Promise<void> {
  const { bytesWritten } = await file.writev(block);
  if (bytesWritten === size) return;
  // A full disk says so at the next write; else the rest is written.
  await file.writeFile(joined(block, size).subarray(bytesWritten));
}

/** What is in a file, from a byte on, as far as somebody reads; what comes from a pipe, without one. */
export async function* readFrom(
  path: string | URL,
  from?: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { open } = await fileSystem();
  const file = await open(path, "r");
  try {
    let position = from ?? null;
    for (;;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(BLOCK), 0, BLOCK, position);
      if (bytesRead === 0) return;
      if (position !== null) position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** How many bytes a file has; of a pipe, or a device, nobody knows. */
export async function sizeOf(path: string | URL): Promise<number | undefined> {
  const { stat } = await fileSystem();
  const there = await stat(path);
  return there.isFile() ? there.size : undefined;
}
