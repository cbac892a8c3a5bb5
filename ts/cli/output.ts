// Where a file goes: what may be written, and by which name.
import { constants } from "node:fs";
import { access, lstat, readlink, stat } from "node:fs/promises";
import { dirname, extname } from "node:path";
import { isPassage } from "../passage.js";
import { Failed, UsageError } from "./command.js";
import { clean } from "./text.js";

/** Room for `.partial` behind a name, below the 255 bytes that file systems give. */
const LONGEST = 200;

/**
 * A file's name as one that leads nowhere else: without folders, without what a terminal, a shell or
 * Windows would take for more than a name.
 */
export function safeName(name: string): string {
  const plain = clean(name.normalize("NFC"))
    .replace(/[/\\:*?"<>|\ufffd]/g, "_")
    .replace(/^[.\s-]+/, (start) => "_".repeat(start.length))
    .replace(/[.\s]+$/, "");
  const short = shortened(plain || "download");
  return /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(short) ? `_${short}` : short;
}

function shortened(name: string): string {
  const bytes = (text: string) => Buffer.byteLength(text);
  if (bytes(name) <= LONGEST) return name;
  const extension = bytes(extname(name)) < 20 ? extname(name) : "";
  let stem = name.slice(0, name.length - extension.length);
  while (bytes(stem + extension) > LONGEST) stem = [...stem].slice(0, -1).join("");
  return stem + extension;
}

/** Whether something is there by that name, a broken link included. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Refuses a file that cannot be written, before anything is done that takes long. */
export async function checkOutput(option: string, path: string): Promise<void> {
  if (path === "-") return;
  if (!path) throw new UsageError(`${option}: expected a file, or - for standard output`);
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw new UsageError(`${option}: '${path}' is a folder`);
  try {
    const isInto = await isPassage({ stat, readlink }, path);
    await access(isInto ? path : dirname(path), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option}: ${(error as Error).message}`);
  }
}

/** `safeName(name)`, where nothing is by that name. */
export async function freeName(name: string, force: boolean): Promise<string> {
  const path = safeName(name);
  if (force || !(await exists(path))) return path;
  throw new Failed(`'${path}' is there already; give --output FILE, or --force to replace it`);
}
