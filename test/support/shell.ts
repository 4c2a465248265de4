/** A shell that is fed what a document prints, block after block, as a person pastes it. Runs in Node. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const END = "[the end]";

/** Finds the blocks of a Markdown text that are in this language. */
export function blocksOf(language: string, markdown: string): string[] {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...markdown.matchAll(block)].map(([, text = ""]) => text);
}

/** Finds the addresses that a block asks its reader to open. */
export function addressesToOpen(printed: string): string[] {
  return [...printed.matchAll(/Open this in your browser: (\S+)/g)].map(([, url = ""]) => url);
}

export class Shell {
  readonly #child: ChildProcess;
  readonly #replaced: [printed: string, actual: string][];
  #output = "";

  /** Starts in a folder. `replaced` says which texts of the blocks are others here, such as ports. */
  constructor(folder: string, replaced: Record<string, string>) {
    this.#replaced = Object.entries(replaced);
    this.#child = spawn("bash", ["-eu"], {
      cwd: folder,
      env: { ...process.env, PATH: `${resolve("node_modules/.bin")}:${process.env["PATH"]}` },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (chunk: Buffer) => (this.#output += chunk.toString()));
    // One stream, so that what went wrong stands where it went wrong.
    this.#child.stdin?.write("exec 2>&1\n");
  }

  /** Runs a block and returns what it printed; throws when the shell gave up. */
  async run(block: string): Promise<string> {
    this.#output = "";
    const script = this.#replaced.reduce((text, [printed, actual]) => text.replaceAll(printed, actual), block);
    this.#child.stdin?.write(`${script}\necho "${END}"\n`);
    while (!this.#output.includes(`${END}\n`)) {
      if (this.#child.exitCode !== null) throw new Error(`the shell gave up:\n${block}\n${this.#output}`);
      await this.#next();
    }
    return this.#output.replace(`${END}\n`, "");
  }

  close(): void {
    this.#child.stdin?.end();
  }

  /** Resolves when there is more to read, or nothing will follow. */
  async #next(): Promise<void> {
    const heard = new AbortController();
    const { signal } = heard;
    const events = [
      once(this.#child.stdout ?? this.#child, "data", { signal }),
      once(this.#child, "close", { signal }),
    ];
    await Promise.race(events);
    heard.abort();
  }
}
