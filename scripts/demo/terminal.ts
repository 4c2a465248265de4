/** The terminal: lines that stay and, where it can redraw, a block below them that changes in place. Without a TTY there are lines alone. */

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];
/** Styles a text where the terminal shows colours. */
export type Paint = (style: Style, text: string) => string;

const NEEDED_COLUMNS = 80;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";

export class Terminal {
  /** Whether a block can be redrawn. */
  readonly isLive: boolean;
  readonly paint: Paint;
  readonly #out: NodeJS.WriteStream;
  #block = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
    const isTerminal = out.isTTY && process.env["TERM"] !== "dumb";
    this.isLive = isTerminal && (out.columns || NEEDED_COLUMNS) >= NEEDED_COLUMNS;
    const hasColours = isTerminal && out.hasColors();
    this.paint = (style, text) => (hasColours ? styleText(style, text, { validateStream: false }) : text);
    process.on("exit", () => this.clear());
  }

  /** Writes a line that stays. */
  line(text = ""): void {
    this.clear();
    this.#out.write(`${text}\n`);
  }

  /** Draws the block anew, in one write so that it does not flicker. Does nothing where that is not possible. */
  draw(lines: string[]): void {
    if (!this.isLive) return;
    const start = this.#block === 0 ? HIDE_CURSOR : upToStart(this.#block);
    this.#out.write(`${start}${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`);
    this.#block = lines.length;
  }

  /** Removes the block and gives the cursor back. */
  clear(): void {
    if (this.#block === 0) return;
    this.#out.write(`${upToStart(this.#block)}\x1b[J${SHOW_CURSOR}`);
    this.#block = 0;
  }
}

function upToStart(lines: number): string {
  return `\r\x1b[${lines}A`;
}
