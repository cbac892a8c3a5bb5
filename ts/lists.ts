import type { Client, Core, List, Pages } from "./core.js";
import type { CallOptions } from "./types.js";

/** All rows of a list. Each iteration asks anew, a page at a time and as far as somebody reads. */
export function rows<T>(
  core: Core,
  client: Client,
  list: List,
  about: unknown,
  options: CallOptions | undefined,
): AsyncIterable<T> {
  const open = () => core.now<Pages>(() => client.list(list, about, options));
  // At once, to tell bad arguments when they are given. Not kept: it may never be read.
  open().free();
  return { [Symbol.asyncIterator]: () => each<T>(core, open) };
}

async function* each<T>(core: Core, open: () => Pages): AsyncGenerator<T, void, undefined> {
  const pages = open();
  try {
    for (;;) {
      const page = await core.later<T[] | undefined>(() => pages.next());
      if (!page) return;
      yield* page;
    }
  } finally {
    // At once, rather than whenever the garbage is collected: the core's memory never shrinks.
    pages.free();
  }
}
