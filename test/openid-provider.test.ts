/** What the provider of the tests does to a refresh token that comes again, with a reuse window and without, and to callers that hang up. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.ts";
import { type OpenIdProvider, startOpenIdProvider } from "./support/openid-provider.ts";
import type { ClientRequest, TokenCall } from "./support/provider-contract.ts";

let provider: OpenIdProvider;
/** Requests that were answered or dropped. */
const ended: TokenCall[] = [];

beforeAll(async () => {
  provider = await startOpenIdProvider({ onTokenRequest: (call) => ended.push(call) });
});
afterAll(() => provider.close());

interface Answer {
  status: number;
  access_token?: string;
  refresh_token?: string;
  error?: string;
}

/** A client with a grant; `refresh` spends a refresh token. */
async function connect(settings: Partial<ClientRequest> = {}) {
  const client = await provider.registerClient({ redirect_uris: ["http://localhost/"], ...settings });
  const { refresh_token } = await provider.mintGrant(client.client_id);
  const refresh = async (token: string | undefined, init: RequestInit = {}): Promise<Answer> => {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token ?? "", ...client });
    const response = await fetch(provider.tokenUri, { method: "POST", body, ...init });
    return { status: response.status, ...((await response.json()) as object) };
  };
  return { clientId: client.client_id, first: refresh_token, refresh };
}

const INVALID_GRANT = { status: 400, error: "invalid_grant" };

describe("without a reuse window", () => {
  test("a refresh token that comes again is refused, and takes the whole grant along", async () => {
    const { first, refresh } = await connect();
    const renewed = await refresh(first);
    expect(renewed.status).toBe(200);
    expect(await refresh(first)).toMatchObject(INVALID_GRANT);
    expect(await refresh(renewed.refresh_token)).toMatchObject(INVALID_GRANT);
  });
});

describe("within its reuse window", () => {
  test("a refresh token that comes again gets the very answer of its first use, as often as it comes", async () => {
    const { clientId, first, refresh } = await connect({ reuse_window_seconds: 30 });
    const renewed = await refresh(first);
    expect([await refresh(first), await refresh(first)]).toEqual([renewed, renewed]);
    expect((await refresh(renewed.refresh_token)).status).toBe(200);

    const { token_requests } = provider.calls(clientId);
    expect(new Set(token_requests.map((call) => call.issued_sha256)).size).toBe(2);
    expect(token_requests.map((call) => call.processed_at !== undefined)).toEqual([true, false, false, true]);
  });

  test("it does so for nobody but the client that used it", async () => {
    const { first, refresh } = await connect({ reuse_window_seconds: 30 });
    const other = await connect({ reuse_window_seconds: 30 });
    expect((await refresh(first)).status).toBe(200);
    expect(await other.refresh(first)).toMatchObject(INVALID_GRANT);
  });

  test("once it is over, it is as if there were none", async () => {
    const { clientId, first, refresh } = await connect();
    expect(provider.changeClient(clientId, { reuse_window_seconds: 1 })).toMatchObject({ reuse_window_seconds: 1 });
    const renewed = await refresh(first);
    const until = Date.now() + 1000;
    await eventually(() => expect(Date.now()).toBeGreaterThan(until));
    expect(await refresh(first)).toMatchObject(INVALID_GRANT);
    expect(await refresh(renewed.refresh_token)).toMatchObject(INVALID_GRANT);
  });
});

test("the control routes take a reuse window, and none that is no number of seconds", async () => {
  const { clientId } = await connect();
  const change = (reuse_window_seconds: unknown) =>
    fetch(`${provider.controlUri}/${clientId}`, { method: "PATCH", body: JSON.stringify({ reuse_window_seconds }) });
  expect(await (await change(30)).json()).toMatchObject({ reuse_window_seconds: 30 });
  expect((await change(-1)).status).toBe(400);
  expect((await change("30")).status).toBe(400);
});

test("a request that is held back is not processed when its caller hangs up before, and is when it hangs up after", async () => {
  const { clientId, first, refresh } = await connect();
  const hangUpWhen = async (isTime: (call: TokenCall) => boolean) => {
    const nth = provider.calls(clientId).token_requests.length;
    const caller = new AbortController();
    const answer = refresh(first, { signal: caller.signal }).catch(() => "nothing heard");
    const call = await eventually(() => {
      const arrived = provider.calls(clientId).token_requests[nth];
      if (arrived === undefined || !isTime(arrived)) throw new Error("it is not time yet");
      return arrived;
    });
    caller.abort();
    expect(await answer).toBe("nothing heard");
    await eventually(() => expect(ended).toContain(call));
    return call;
  };
  // Long enough for a slow machine to hang up in.
  provider.setFault(clientId, { hold_ms: 2000, delay_ms: 2000 });
  expect(await hangUpWhen(() => true)).not.toHaveProperty("processed_at");
  provider.setFault(clientId, { delay_ms: 2000 });
  const heardByNobody = await hangUpWhen((call) => call.processed_at !== undefined);
  expect(heardByNobody).toMatchObject({ status: 0, issued_sha256: expect.any(String) });
  expect(heardByNobody).not.toHaveProperty("answered_at");
  provider.setFault(clientId, null);
  expect(await refresh(first)).toMatchObject(INVALID_GRANT);
});
