/** How long a token lives, by what an answer states and what is known besides. */

import { describe, expect, test } from "vitest";
import { type Members, readAnswer } from "../../../src/domain/oauth2/answer.ts";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import { lifetimeOf, refreshTokenLifetimeSeconds, type Stated, statedIn } from "../../../src/domain/oauth2/lifetime.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");
const EPOCH = NOW / 1000;
const MAX = 2 ** 31 - 1;

describe("statedIn", () => {
  test.each<[string, Flavour, Members, Stated]>([
    ["seconds", {}, { expires_in: 7200 }, 7200],
    ["a number in a text", {}, { expires_in: " 7200 " }, 7200],
    ["at most 2^31-1", {}, { expires_in: 1e12 }, MAX],
    ["zero", {}, { expires_in: 0 }, "unreadable"],
    ["zero that means never", { zero_means_never: true }, { expires_in: "0" }, "never"],
    ["less than a second", {}, { expires_in: 0.5 }, "unreadable"],
    ["a negative number", {}, { expires_in: -5 }, "unreadable"],
    ["no number", {}, { expires_in: "soon" }, "unreadable"],
    ["a list", {}, { expires_in: [7200] }, "unreadable"],
    ["true", {}, { expires_in: true }, "unreadable"],
    ["an empty text", {}, { expires_in: "" }, "nothing"],
    ["null", {}, { expires_in: null }, "nothing"],
    ["nothing", {}, {}, "nothing"],
    ["in camel case", {}, { expiresIn: 60 }, 60],
    ["as expires", {}, { expires: "5183944" }, 5183944],
    ["as expires, which is an instant", {}, { expires: EPOCH + 60 }, 60],
    ["an instant in seconds", {}, { expires_at: EPOCH + 60 }, 60],
    ["an instant in milliseconds", {}, { expires_at: NOW + 60_000 }, 60],
    ["an instant in words", {}, { expiresAt: "2026-01-01T10:00:00+00:00" }, 36_000],
    ["an instant that is past", {}, { expires_at: EPOCH - 60 }, -60],
    ["both, and they agree", {}, { expires_in: 3600, expires_at: EPOCH + 3590 }, 3600],
    ["both, and the instant comes first", {}, { expires_in: 3600, expires_at: EPOCH + 600 }, 600],
    ["both, and the instant is past", {}, { expires_in: 3600, expires_at: EPOCH - 600 }, 3600],
    ["a lifetime that nobody can read beside an instant", {}, { expires_in: "x", expires_at: EPOCH + 600 }, 600],
    ["milliseconds", { expires_unit: "ms" }, { expires_in: 900_000 }, 900],
    ["epoch", { expires_unit: "epoch" }, { expires_in: EPOCH + 9 }, 9],
    ["another member", { expires_field: "expireTime" }, { expireTime: "2026-01-01T00:01:00Z", expires_in: 5 }, 60],
    [
      "another member outside the root",
      { expires_field: "meta.ttl", response_root: "data" },
      { data: {}, meta: { ttl: 8 } },
      8,
    ],
    ["seconds, where the member that the flavour names is missing", { expires_field: "e" }, { expires_in: 600 }, 600],
    ["of another unit than that member", { expires_field: "e", expires_unit: "rfc3339" }, { expires_in: 600 }, 600],
    ["milliseconds as expires", { expires_unit: "ms" }, { expires: 900_000 }, 900],
    ["milliseconds beside an instant", { expires_unit: "ms" }, { expires_in: 900_000, expires_at: EPOCH + 890 }, 900],
    ["an instant alone, whatever the unit", { expires_unit: "ms" }, { expires_at: EPOCH + 60 }, 60],
    ["an HTTP date", {}, { expires: "Thu, 01 Jan 2026 00:01:00 GMT" }, 60],
    ["words with a number in them", {}, { expires_in: "expires 3600" }, "unreadable"],
    ["a unit that does not fit", { expires_field: "e", expires_unit: "rfc3339" }, { e: 60 }, "unreadable"],
  ])("%s", (_, flavour, members, stated) => {
    expect(statedIn(readAnswer(flavour, members), flavour, NOW)).toBe(stated);
  });
});

describe("lifetimeOf", () => {
  const base = {
    stated: "nothing",
    clientDefault: undefined,
    jwtExpiresAt: null,
    sentAt: NOW,
    isRenewable: true,
  } as const;
  test.each([
    ["the answer", { stated: 7200, clientDefault: 60 }, 7200, "answer"],
    ["nothing is left, when the instant is past", { stated: -60, clientDefault: 60 }, 0, "answer"],
    ["never", { stated: "never", clientDefault: 60 }, null, "answer"],
    ["the client", { stated: "unreadable", clientDefault: 60, jwtExpiresAt: NOW + 90_000 }, 60, "token_expires_in"],
    ["the JWT", { jwtExpiresAt: NOW + 90_000 }, 90, "jwt"],
    ["nothing is left, when the JWT is over", { jwtExpiresAt: NOW - 90_000 }, 0, "jwt"],
    ["an hour where it can be renewed", {}, 3600, "assumed"],
    ["never where it cannot", { isRenewable: false }, null, "none"],
  ] as const)("%s", (_, known, seconds, source) => {
    const stated: Stated = "stated" in known ? known.stated : "nothing";
    expect(lifetimeOf({ ...base, ...known })).toEqual({ seconds, source, isUnreadable: stated === "unreadable" });
  });
});

test("refreshTokenLifetimeSeconds reads the names that there are, and no zero", () => {
  const read = (members: Members) => refreshTokenLifetimeSeconds(readAnswer({}, members), NOW);
  expect(read({ refresh_token_expires_in: "60" })).toBe(60);
  expect(read({ x_refresh_token_expires_in: 61 })).toBe(61);
  expect(read({ refresh_token_expires_in: 0, refresh_expires_in: 62 })).toBe(62);
  expect(read({ refresh_expires_in: 0 })).toBeNull();
  expect(read({ refresh_token_expires_at: "2026-01-01T00:01:03Z" })).toBe(63);
  expect(read({ refresh_token_expires_in: EPOCH + 64 })).toBe(64);
  expect(read({ refresh_token_expires_at: EPOCH - 1 })).toBeNull();
});
