// Skips work whose inputs did not change since it last succeeded.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, relative, sep } from "node:path";
import { at, root } from "./project.mjs";

/** Hash of all that `inputs` name: files, folders with everything below, and `{ value }`s. */
export function fingerprint(inputs) {
  const hash = createHash("sha256");
  for (const input of inputs) {
    if (typeof input !== "string") hash.update(`value ${JSON.stringify(input.value)}\n`);
    else for (const file of filesBelow(at(input))) addFile(hash, file);
  }
  return hash.digest("hex");
}

/**
 * Does `work` unless it was done before with the same inputs and its outputs are still there.
 * Resolves to whether it did anything.
 */
export async function unlessDone({ name, inputs, outputs }, work) {
  const stamp = at("target", "stamps", name);
  const wanted = fingerprint(inputs);
  const done = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (done && outputs.every((output) => existsSync(at(output)))) return false;
  // A failure halfway must not leave the mark of the last success.
  rmSync(stamp, { force: true });
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return true;
}

function addFile(hash, file) {
  const bytes = readFileSync(file);
  hash.update(`file ${relative(root, file).split(sep).join("/")} ${bytes.length}\n`).update(bytes);
}

/** The file itself, or every file below the folder, in an order that is the same everywhere. */
export function filesBelow(path) {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path)
      .sort()
      .flatMap((name) => filesBelow(`${path}${sep}${name}`));
  } catch (error) {
    if (error.code === "ENOTDIR") return [path];
    throw error;
  }
}
