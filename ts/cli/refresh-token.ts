// The file that keeps an OAuth refresh token. Each is good once where they rotate, so it is written
// before the access token that came with it is used, and never half.
import { open, readFile, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failed, UsageError } from "./command.js";

/** What is in the file; nothing, if there is none. */
export async function readRefreshToken(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, "utf8")).trim() || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UsageError(`--refresh-token-file: ${(error as Error).message}`);
  }
}

/** Puts `token` into the file, for nobody else to read, in one step. */
export async function writeRefreshToken(file: string, token: string): Promise<void> {
  // A link goes on leading to where it leads.
  const target = await realpath(file).catch(() => file);
  const partial = `${target}.${process.pid}.partial`;
  try {
    const handle = await open(partial, "wx", 0o600);
    try {
      await handle.writeFile(`${token}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw new Failed(`the refresh token cannot be kept: ${(error as Error).message}`);
  }
}

/** Makes sure that the file can be written before a person is asked to do anything. */
export async function tryRefreshToken(file: string): Promise<void> {
  const target = await realpath(file).catch(() => file);
  const probe = `${target}.${process.pid}.partial`;
  try {
    await (await open(probe, "wx", 0o600)).close();
  } catch (error) {
    throw new UsageError(
      `--refresh-token-file: nothing can be written in ${dirname(target)}: ${(error as Error).message}`,
    );
  } finally {
    await rm(probe, { force: true });
  }
}
