/** 12 and 14: sealed records open for themselves alone, under a key of the ring. */

import { describe, expect, test } from "vitest";
import { type Keyring, parseKeyring } from "../../src/crypto/keyring.ts";
import { beginningOf, cipherOf, kidOf, open, seal } from "../../src/crypto/seal.ts";
import type { ServiceError } from "../../src/errors.ts";

const jwk = (kid: string, bytes = 32) => ({
  kty: "oct",
  kid,
  k: Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("base64url"),
});
const old = jwk("2025");
const current = jwk("2026");
const ring = (...keys: object[]): Keyring => parseKeyring(JSON.stringify({ keys }));
const IDENTITY = ["workspace", "w", "auth-secret", "s", "grant", 1] as const;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "opened",
    (error: ServiceError) => error.failure.code,
  );
}

describe("seal and open (SECURITY 12)", () => {
  test("give the value back", async () => {
    const value = { access_token: "äöü", list: [1, null] };
    expect(await open(ring(current), IDENTITY, await seal(ring(current), IDENTITY, value))).toEqual(value);
  });

  test("use AES-256-GCM, the first key of the ring and a fresh IV", async () => {
    const [one, two] = await Promise.all([
      seal(ring(current, old), IDENTITY, "x"),
      seal(ring(current, old), IDENTITY, "x"),
    ]);
    const header = JSON.parse(Buffer.from(one.split(".")[0] ?? "", "base64url").toString());
    expect(header).toMatchObject({ alg: "dir", enc: "A256GCM", kid: "2026" });
    expect(one.split(".")[2]).not.toBe(two.split(".")[2]);
  });

  test("open under every key of the ring", async () => {
    const sealed = await seal(ring(old), IDENTITY, "x");
    expect(await open(ring(current, old), IDENTITY, sealed)).toBe("x");
  });

  test.each([
    ["another version", ["workspace", "w", "auth-secret", "s", "grant", 2]],
    ["another secret", ["workspace", "w", "auth-secret", "t", "grant", 1]],
    ["another workspace", ["workspace", "v", "auth-secret", "s", "grant", 1]],
    ["another field", ["workspace", "w", "auth-secret", "s", "client", 1]],
  ])("do not open what was moved to %s", async (_, identity) => {
    const sealed = await seal(ring(current), IDENTITY, "x");
    expect(await codeOf(open(ring(current), identity, sealed))).toBe("storage_integrity");
  });

  test("do not open what was changed, in any part", async () => {
    const sealed = await seal(ring(current), IDENTITY, "some value");
    for (const at of [3, sealed.indexOf("..") + 4, sealed.lastIndexOf(".") - 2, sealed.length - 3]) {
      const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
      expect(await codeOf(open(ring(current), IDENTITY, changed))).toBe("storage_integrity");
    }
  });
});

describe("the key of a record", () => {
  test.each(["2026", "", 'q"uote', "äöü"])("is told by what is sealed, and by how it begins: %j", async (kid) => {
    const names = [kid, `${kid}x`, kid.slice(1), `${kid}"`, `${kid}","`].filter((each) => each !== "");
    for (const each of names) {
      const sealed = await seal([{ kid: each, bytes: new Uint8Array(32) }], IDENTITY, "x");
      expect([kidOf(sealed), sealed.startsWith(beginningOf(kid))]).toEqual([each, each === kid]);
    }
  });

  test("is nobody's where nothing was sealed", () => {
    expect(["", "x", "a.b.c.d.e"].map(kidOf)).toEqual([null, null, null]);
  });

  test("changes to the first of the ring when it is sealed anew, and stays where it is that (SECURITY 13)", async () => {
    const cipher = cipherOf(() => ring(current, old));
    const rewrapped = await cipher.rewrap(IDENTITY, await seal(ring(old), IDENTITY, "x"));
    expect([kidOf(rewrapped), await open(ring(current), IDENTITY, rewrapped)]).toEqual(["2026", "x"]);
    expect(await cipher.rewrap(IDENTITY, rewrapped)).toBe(rewrapped);
    const unknown = await seal(ring(jwk("lost")), IDENTITY, "x");
    expect(await codeOf(cipher.rewrap(IDENTITY, unknown))).toBe("storage_integrity");
  });
});

describe("storage_integrity for (SECURITY 14)", () => {
  test("a key that is not in the ring", async () => {
    expect(await codeOf(open(ring(current), IDENTITY, await seal(ring(old), IDENTITY, "x")))).toBe("storage_integrity");
  });

  test.each([
    ["no ring", undefined],
    ["an empty text", ""],
    ["no JSON", "{"],
    ["no keys", '{"keys":[]}'],
    ["no JWK set", "[]"],
    ["a short key", JSON.stringify({ keys: [jwk("a", 16)] })],
    ["two keys of one kid", JSON.stringify({ keys: [jwk("a"), jwk("a")] })],
    ["a key without kid", JSON.stringify({ keys: [{ ...jwk("a"), kid: undefined }] })],
    ["another kind of key", JSON.stringify({ keys: [{ ...jwk("a"), kty: "RSA" }] })],
  ])("%s", (_, text) => {
    expect(() => parseKeyring(text)).toThrowError(/storage_integrity/);
  });

  test("the error names the record and never its value or a key", async () => {
    const sealed = await seal(ring(old), IDENTITY, "sentinel");
    const error: ServiceError = await open(ring(current), IDENTITY, sealed).then(
      () => Promise.reject(new Error("opened")),
      (reason: ServiceError) => reason,
    );
    expect(error.failure.internal).toContain("workspace/w/auth-secret/s/grant/1");
    expect(JSON.stringify(error.failure)).not.toContain("sentinel");
    expect(JSON.stringify(error.failure)).not.toContain(old.k);
  });
});
