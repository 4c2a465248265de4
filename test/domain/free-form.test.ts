/** How much free-form JSON is kept, and what of it never is. */

import { describe, expect, test } from "vitest";
import { boundedMembers, isBounded, MAX_DEPTH, MAX_FREE_FORM_LENGTH, unmasked } from "../../src/domain/free-form.ts";

function nested(depth: number): unknown {
  return Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 1);
}

describe("isBounded", () => {
  test.each([
    ["a small object", { a: [1, null, "x"] }, true],
    ["as deep as allowed", nested(MAX_DEPTH), true],
    ["one deeper", nested(MAX_DEPTH + 1), false],
    ["a hundred thousand deep", nested(100_000), false],
    ["as long as allowed", "x".repeat(MAX_FREE_FORM_LENGTH - 2), true],
    ["one longer", "x".repeat(MAX_FREE_FORM_LENGTH - 1), false],
  ])("%s: %#", (_, value, is) => {
    expect(isBounded(value)).toBe(is);
  });
});

describe("boundedMembers", () => {
  test("drops what is too deep or too long, and keeps the rest", () => {
    const members = { deep: nested(100_000), a: 1, long: "x".repeat(MAX_FREE_FORM_LENGTH), b: { c: [2] } };
    expect(boundedMembers(members)).toEqual({ a: 1, b: { c: [2] } });
  });

  test("is bounded all together", () => {
    const members = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`m${at}`, "x".repeat(1000)]));
    expect(JSON.stringify(boundedMembers(members)).length).toBeLessThan(MAX_FREE_FORM_LENGTH * 1.1);
  });

  test("keeps no refresh token or client secret, by whatever name and however deep (SECURITY 18)", () => {
    const members = {
      refreshToken: "sentinel",
      client_secret: "sentinel",
      authed_user: { id: "U1", refresh_token: "sentinel", more: [{ CLIENTSECRET: "sentinel", ok: 1 }] },
      refresh_token_expires_in: 5,
    };
    expect(boundedMembers(members)).toEqual({
      authed_user: { id: "U1", more: [{ ok: 1 }] },
      refresh_token_expires_in: 5,
    });
  });

  test("keeps no name that reaches into objects", () => {
    const members = JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"a":{"__proto__":{"polluted":1},"b":2}}');
    const kept = boundedMembers(members);
    expect(JSON.stringify(kept)).toBe('{"a":{"b":2}}');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("unmasked", () => {
  const restore = (sent: unknown, before: unknown) => {
    const strays: string[] = [];
    const value = unmasked(sent, before, "***", (path) => strays.push(path.join("/")));
    return { value, strays };
  };
  const secret = (id: number, client_secret: string) => ({ id, client_secret });

  test.each<[string, unknown, unknown, unknown, string[]]>([
    ["a member", { client_secret: "***", a: 2 }, { client_secret: "A", a: 1 }, { client_secret: "A", a: 2 }, []],
    ["an entry that moved up", [secret(2, "***")], [secret(1, "A"), secret(2, "B")], [secret(2, "B")], []],
    [
      "twins where they were",
      [secret(1, "***"), secret(1, "***")],
      [secret(1, "A"), secret(1, "B")],
      [secret(1, "A"), secret(1, "B")],
      [],
    ],
    ["no entry that was changed", [secret(3, "***")], [secret(1, "A")], [secret(3, "***")], ["0/client_secret"]],
    [
      "no twin that moved",
      [{ x: 1 }, { x: 1 }, secret(1, "***")],
      [secret(1, "A"), secret(1, "B")],
      [{ x: 1 }, { x: 1 }, secret(1, "***")],
      ["2/client_secret"],
    ],
    [
      "nothing within a secret",
      { client_secret: ["***"] },
      { client_secret: ["A"] },
      { client_secret: ["***"] },
      ["client_secret"],
    ],
    ["nothing where nothing stood", { client_secret: "***" }, null, { client_secret: "***" }, ["client_secret"]],
  ])("restores %s", (_, sent, before, value, strays) => {
    expect(restore(sent, before)).toEqual({ value, strays });
  });
});
