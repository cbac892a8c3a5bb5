// What files are written to as it is, rather than put in its place.

type Fs = Pick<typeof import("node:fs/promises"), "stat" | "readlink">;

/** How systems link to what is open already, as `/dev/stdout` does. */
const OPEN = /^(\/proc\/self\/|\/dev\/)?fd\/\d+$/;

/** Whether there is something at `path` that is no file: a pipe, a device, what is open already. */
export async function isPassage({ stat, readlink }: Fs, path: string | URL): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  if (!there) return false;
  return !there.isFile() || OPEN.test(await readlink(path).catch(() => ""));
}
