/** What a scripted server is told, and what it heard; and how tests talk to it. Runs wherever there is `fetch`. */

export interface Script {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export interface Heard {
  method: string;
  /** As a provider would have been asked: without the server's own address. */
  url: string;
  /** Names are in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** One script at the server. */
export class ScriptedProvider {
  readonly #origin: string;
  readonly #id = crypto.randomUUID();

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Sets what is answered from now on, and forgets what was heard. */
  async play(script: Script): Promise<void> {
    await fetch(`${this.#origin}/scripts/${this.#id}`, { method: "PUT", body: JSON.stringify(script) });
  }

  /** Gives an address of a provider a place at the server. Variables in it stay. */
  at(uri: string): string {
    return uri.replace(/^https:\/\//, `${this.#origin}/${this.#id}/`);
  }

  async heard(): Promise<Heard[]> {
    const response = await fetch(`${this.#origin}/scripts/${this.#id}`);
    const heard: unknown = await response.json();
    return heard as Heard[];
  }
}
