/** What tests say to the server that plays issuers, and hear from it. Types alone, so that tests inside workerd can share them. */

/** What is answered at a path: 200 and nothing, unless it says otherwise. */
export interface ScriptedAnswer {
  status?: number;
  /** `content-type` is JSON unless it stands here. */
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: string | object;
  /** So many spaces behind the body. */
  pad?: number;
  delay_ms?: number;
  /** Destroys the connection instead. */
  drop?: boolean;
  /** What is answered to who authenticates as Basic. */
  with_basic?: ScriptedAnswer;
}

/** One request that was heard. */
export interface HeardRequest {
  method: string;
  /** With its query. */
  path: string;
  authorization: string | null;
  body: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Its origin. */
    issuerServer: string;
  }
}
