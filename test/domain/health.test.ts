/** What callers are told of a secret. */

import { describe, expect, test } from "vitest";
import { afterRefusal } from "../../src/domain/after-attempt.ts";
import { healthOf, stateOf, unavailable } from "../../src/domain/health.ts";
import { blank, fresh, granted, HOUR, MINUTE, NO_JITTER, refusal, SECOND, T0 } from "../support/schedule.ts";

describe("healthOf", () => {
  const failing = afterRefusal(fresh, refusal("retry"), T0 + HOUR - MINUTE, NO_JITTER);
  const dead = afterRefusal(fresh, refusal("reauthorize", "login_required"), T0, NO_JITTER);
  const refused = afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER);
  test.each([
    ["ok", "ready", fresh, T0],
    ["degraded", "ready", failing, T0 + HOUR - MINUTE],
    ["expired", "error", failing, T0 + HOUR],
    ["expired", "error", fresh, T0 + HOUR],
    ["needs_reauthorization", "error", dead, T0],
    ["client_misconfigured", "error", refused, T0],
  ])("%s is %s", (status, state, secret, now) => {
    expect(healthOf(secret, now).status).toBe(status);
    expect(stateOf(null, healthOf(secret, now))).toBe(state);
  });
});

describe("stateOf", () => {
  test("is what the platform reported, whatever the health", () => {
    const secret = { ...fresh, reported: { error: "It answers 403." } };
    expect(stateOf(secret.reported, healthOf(secret, T0))).toBe("error");
  });

  test("forgets what was reported with the next grant", () => {
    expect(granted({ ...fresh, reported: { error: null } }).reported).toBeNull();
  });
});

describe("unavailable", () => {
  test.each([
    ["reauthorization_required", afterRefusal(fresh, refusal("reauthorize", "login_required"), T0, NO_JITTER)],
    ["reauthorization_required", granted(blank, { issuedAt: T0, expiresAt: T0, renewedWith: null })],
    ["client_misconfigured", afterRefusal(fresh, refusal("config_error", "invalid_client"), T0, NO_JITTER)],
    ["storage_integrity", afterRefusal(fresh, refusal("retry", "storage_integrity"), T0, NO_JITTER)],
    ["provider_unreachable", afterRefusal(fresh, refusal("rate_limited", "rate_limited", 90), T0, NO_JITTER)],
  ])("%s", (code, secret) => {
    expect(unavailable(secret, T0).failure.code).toBe(code);
  });

  test.each([
    ["an attempt that is still under way", fresh, 1],
    [
      "a secret that is not tried any more",
      { ...afterRefusal(fresh, refusal("retry"), T0, NO_JITTER), refreshAt: null },
      3600,
    ],
  ])("says when to come back for %s", (_, secret, seconds) => {
    expect(unavailable(secret, T0 + HOUR).failure).toMatchObject({
      code: "provider_unreachable",
      retryAfterSeconds: seconds,
    });
  });

  test("says when an attempt that is under way must have ended", () => {
    const attempt = { id: "a", version: 1, fingerprint: "f", sentAt: T0 + HOUR };
    expect(unavailable({ ...fresh, attempt }, T0 + HOUR + 12 * SECOND).failure.retryAfterSeconds).toBe(8);
    expect(unavailable({ ...fresh, attempt }, T0 + HOUR + 25 * SECOND).failure.retryAfterSeconds).toBe(1);
  });

  test("says when to come back", () => {
    const paused = afterRefusal(fresh, refusal("rate_limited", "rate_limited", 90), T0, NO_JITTER);
    expect(unavailable(paused, T0 + 30 * SECOND).failure.retryAfterSeconds).toBe(60);
  });
});
