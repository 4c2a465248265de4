/**
 * What tests say to the server that plays providers, and hear from it. Types alone, so that tests inside workerd can share them with the
 * server in Node.
 */

/** What is answered by path. A method in front of a path ("POST /x/token") is more exact than the path alone, and `*` is all the others. */
export type Script = Record<string, ScriptedAnswer>;

/** One answer: 200 and nothing, unless it says otherwise. */
export interface ScriptedAnswer {
  status?: number;
  /** All that are sent. Where none are stated, or the body is an object, `content-type` is JSON unless it stands here. */
  headers?: Record<string, string>;
  /** An object is sent as JSON; `__GENERATED_2MIB__` is an empty one behind 2 MiB of spaces. */
  body?: string | object;
  /** So many spaces before the body. */
  pad?: number;
  delay_ms?: number;
  /** Destroys the connection instead. */
  drop?: boolean;
  /** What is answered to who authenticates as Basic. */
  with_basic?: ScriptedAnswer;
}

/** One request that was heard. */
export interface Heard {
  method: string;
  /** With its query. */
  path: string;
  /** As a provider would have been asked that is elsewhere: without the server's own address. */
  url: string;
  /** Names are in lower case. */
  headers: Record<string, string>;
  body: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Its origin. */
    scriptedServer: string;
  }
}
