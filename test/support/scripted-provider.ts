/** A provider of a test's own, at the server that plays them: what it publishes and answers is what the test says. Runs inside workerd. */

import { inject } from "vitest";
import type { Heard, Script, ScriptedAnswer } from "./scripted-server-contract.ts";

/** Has the first segment of a path at the server to itself. */
export class ScriptedProvider {
  readonly #name = crypto.randomUUID();

  /** Its identifier as an issuer, which has a path. */
  get issuer(): string {
    return this.at("");
  }

  /** The address of something of it: of a path, or of a URI as it would have one elsewhere. Variables in it stay. */
  at(place: string): string {
    return `${inject("scriptedServer")}/${this.#name}${place.replace(/^https:\/\//, "/")}`;
  }

  /** Its two addresses for metadata. */
  get wellKnown(): { openid: string; oauth: string } {
    return {
      openid: `/${this.#name}/.well-known/openid-configuration`,
      oauth: `/.well-known/oauth-authorization-server/${this.#name}`,
    };
  }

  /** Metadata that is as it should be. */
  metadata(changes: object = {}): object {
    return {
      issuer: this.issuer,
      authorization_endpoint: this.at("/authorize"),
      token_endpoint: this.at("/token"),
      token_endpoint_auth_methods_supported: ["client_secret_post"],
      ...changes,
    };
  }

  /** Publishes metadata where OpenID has it. */
  async publish(changes: object = {}): Promise<void> {
    await this.answer(this.wellKnown.openid, { body: this.metadata(changes) });
  }

  /** Says what is answered at an absolute path, or with a method in front of it to that method. */
  async answer(path: string, answer: ScriptedAnswer): Promise<void> {
    await this.#control("PATCH", { [path]: answer });
  }

  /** Says what is answered everywhere from now on, and forgets what was heard. */
  async play(answer: ScriptedAnswer): Promise<void> {
    await this.#control("PUT", { "*": answer });
  }

  /** Says what its token endpoint answers. */
  async answerTokens(answer: ScriptedAnswer, path = "/token"): Promise<void> {
    await this.answer(`POST ${new URL(this.at(path)).pathname}`, answer);
  }

  /** What it was asked so far. */
  async heard(): Promise<Heard[]> {
    return await this.#control("GET");
  }

  /** The document of a client that names it. */
  client(attributes: object = {}, credentials: object = {}): object {
    return {
      data: {
        type: "auth-client",
        attributes: {
          type: "oauth2",
          name: "By issuer",
          credentials: { client_id: "the-id", client_secret: "sentinel-secret", ...credentials },
          issuer: this.issuer,
          ...attributes,
        },
      },
    };
  }

  async #control(method: string, script?: Script): Promise<Heard[]> {
    const sent = { method, ...(script && { body: JSON.stringify(script) }) };
    return await (await fetch(`${inject("scriptedServer")}/scripts/${this.#name}`, sent)).json();
  }
}
