/** Calls that go wrong in every way the other side can think of: each is a value, and nothing of it reaches further. */

import { describe, expect, inject, test, vi } from "vitest";
import { guardedFetch } from "../../src/outbound/guarded-fetch.ts";
import { ConnectedClient } from "../support/api.ts";
import type { TokenFault } from "../support/provider-contract.ts";

const POST = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } };
const DEVELOPMENT = { policy: { allowLoopback: true }, timeoutMs: 20_000 };
const PRODUCTION = { policy: { allowLoopback: false }, timeoutMs: 20_000 };

async function fetchWith(fault: TokenFault, limits = DEVELOPMENT) {
  const client = await ConnectedClient.create();
  await client.fault(fault);
  const fetched = await guardedFetch(
    inject("provider").tokenUri,
    { ...POST, body: `grant_type=refresh_token&client_id=${client.clientId}` },
    limits,
  );
  return { fetched, requests: (await client.calls()).token_requests.length };
}

describe("guardedFetch", () => {
  test("gives status, Retry-After, media type and body", async () => {
    const headers = { "retry-after": "9", "content-type": "Text/Plain; charset=UTF-8" };
    const { fetched } = await fetchWith({ status: 503, headers, body: "sorry ✓" });
    const answer = { status: 503, retryAfter: "9", mediaType: "text/plain", body: "sorry ✓" };
    expect(fetched).toEqual({ kind: "answer", answer });
  });

  test.each<[string, TokenFault, object]>([
    [
      "a connection that is reset after sending",
      { drop_connection: true },
      { class: "ambiguous", reason: "provider_unreachable" },
    ],
    [
      "a truncated answer",
      { drop_connection: true, body: '{"access' },
      { class: "ambiguous", reason: "provider_unreachable" },
    ],
    [
      "an answer over 1 MiB (SECURITY 10)",
      { body: "x".repeat(1024 * 1024 + 1) },
      { class: "ambiguous", reason: "response_too_large" },
    ],
  ])("%s", async (_, fault, refusal) => {
    const { fetched, requests } = await fetchWith(fault);
    expect(fetched).toMatchObject({ kind: "failed", refusal });
    expect(requests).toBe(1);
  });

  test("an answer that does not come", async () => {
    const { fetched, requests } = await fetchWith({ delay_ms: 60_000 }, { ...DEVELOPMENT, timeoutMs: 1000 });
    expect(fetched).toMatchObject({ kind: "failed", refusal: { class: "ambiguous", reason: "timeout" } });
    expect(requests).toBe(1);
  });

  test("reads an answer of exactly 1 MiB", async () => {
    const { fetched } = await fetchWith({ body: "x".repeat(1024 * 1024) });
    expect(fetched.kind === "answer" && fetched.answer.body.length).toBe(1024 * 1024);
  });

  test("reads an answer that comes in many pieces, cut anywhere", async () => {
    const body = "a✓".repeat(150_000);
    const { fetched } = await fetchWith({ body });
    expect(fetched.kind === "answer" && fetched.answer.body === body).toBe(true);
  });

  test("follows no redirect (SECURITY 10)", async () => {
    const trap = await ConnectedClient.create();
    const { fetched } = await fetchWith({
      status: 307,
      headers: { location: `${inject("provider").tokenUri}?client_id=${trap.clientId}` },
    });
    expect(fetched).toMatchObject({ kind: "answer", answer: { status: 307 } });
    expect((await trap.calls()).token_requests).toHaveLength(0);
  });

  test.each([
    ["where nobody listens", "http://127.0.0.1:1/token", DEVELOPMENT],
    ["to a name that does not resolve", "https://nobody.invalid/token", PRODUCTION],
  ])("cannot know that nothing was sent %s", async (_, uri, limits) => {
    const fetched = await guardedFetch(uri, { ...POST, body: "" }, limits);
    expect(fetched).toMatchObject({ kind: "failed", refusal: { class: "ambiguous", reason: "provider_unreachable" } });
  });

  test("does not call an address that is refused (SECURITY 9)", async () => {
    const spy = vi.spyOn(globalThis, "fetch");
    for (const uri of [inject("provider").tokenUri, "https://169.254.169.254/", "http://provider.example.com/"]) {
      const fetched = await guardedFetch(uri, { ...POST, body: "" }, PRODUCTION);
      expect(fetched).toMatchObject({ kind: "failed", refusal: { class: "config_error", reason: "address_refused" } });
    }
    expect(spy).not.toHaveBeenCalled();
  });
});
