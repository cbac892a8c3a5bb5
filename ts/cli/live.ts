// One line at the bottom of a terminal that changes.
import type { WriteStream } from "node:tty";

/** Five times a second is as often as anybody can read it. */
const PAUSE = 200;

/** Draws a line into so many columns; `beat` counts the redraws. */
export type Draw = (columns: number, beat: number) => string;

/** What it shows stays until something else is shown, and is drawn again as time goes by. */
export class LiveLine {
  readonly #terminal: WriteStream;
  #draw: Draw | undefined;
  #drawn = "";
  #beat = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  show(draw: Draw): void {
    this.#draw = draw;
    if (this.#timer) return;
    this.#redraw();
    this.#timer = setInterval(() => this.#redraw(), PAUSE);
    // It is shown while something is waited for, and is nothing to wait for.
    this.#timer.unref();
  }

  /** Makes room for `text`, which stays; the line goes on below it. */
  print(text: string): void {
    this.#clear();
    this.#terminal.write(text);
  }

  /** Takes it away. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#draw = undefined;
    this.#clear();
  }

  #redraw(): void {
    // The last column stays free: some terminals go to the next line after it.
    const text = this.#draw?.((this.#terminal.columns || 80) - 1, this.#beat++) ?? "";
    if (text === this.#drawn) return;
    this.#terminal.write(`\r${text}\u001b[K`);
    this.#drawn = text;
  }

  #clear(): void {
    if (this.#drawn) this.#terminal.write("\r\u001b[K");
    this.#drawn = "";
  }
}
