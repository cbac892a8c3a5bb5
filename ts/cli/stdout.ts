// Standard output, and what becomes of a command when nobody reads it any more.

// Whoever reads may have heard enough.
let whenClosed: () => void = () => process.exit(0);
let isClosed = false;

/** What is to happen instead of an end in peace. */
export function onceClosed(work: () => void): void {
  whenClosed = work;
}

/** Writes, as long as somebody reads. */
export function write(text: string): void {
  if (!isClosed) process.stdout.write(text);
}

/** A value as a line of JSON. */
export function writeJson(value: object): void {
  write(`${JSON.stringify(value)}\n`);
}

/** To be called once, before anything is written. */
export function watchOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") {
      process.stderr.write(`anaplan-tasks: ${error.message}\n`);
      process.exit(1);
    }
    if (isClosed) return;
    isClosed = true;
    whenClosed();
  });
  // What cannot be said to anybody is no reason to give up.
  process.stderr.on("error", () => {});
}
