// Where programs are that nobody has to install for us.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Stop } from "./run.mjs";

/**
 * The program that the first of these environment variables names. A path that the user gave is
 * never silently replaced by another program.
 */
export function fromEnvironment(...names) {
  for (const name of names) {
    const path = process.env[name];
    if (!path) continue;
    if (!isProgram(path)) throw new Stop(`${name} is set to ${path}, which is not a program`);
    return path;
  }
}

/** Where such programs would be on the user's PATH, the first name first. */
export function onPath(...names) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return names.flatMap((name) => folders.map((folder) => join(folder, name)));
}

export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
