/** Each code's place on the wire. */

import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../src/errors.ts";
import { errorDocument } from "../../src/jsonapi/errors.ts";

describe("errorDocument", () => {
  test.each<[ErrorCode, number]>([
    ["invalid_document", 400],
    ["unauthenticated", 401],
    ["forbidden", 403],
    ["not_found", 404],
    ["conflict", 409],
    ["unsupported_media_type", 415],
    ["payload_too_large", 413],
    ["reauthorization_required", 424],
    ["client_misconfigured", 424],
    ["provider_refused", 424],
    ["rate_limited", 429],
    ["provider_unreachable", 503],
    ["storage_integrity", 503],
    ["internal", 500],
  ])("%s is %i", (code, status) => {
    const answer = errorDocument({ code, problems: [{ detail: "Why." }] });
    expect(answer.status).toBe(status);
    expect(answer.document.errors[0]).toMatchObject({ status: String(status), code, detail: "Why." });
  });

  test("says where, when to come back and where to go", () => {
    const { headers, document } = errorDocument({
      code: "provider_unreachable",
      problems: [
        { detail: "a", pointer: "/data" },
        { detail: "b", parameter: "min_ttl" },
      ],
      retryAfterSeconds: 7,
      about: "/v2/x",
      internal: "sentinel",
    });
    expect(headers).toEqual({ "Retry-After": "7" });
    expect(document.errors.map(({ source }) => source)).toEqual([{ pointer: "/data" }, { parameter: "min_ttl" }]);
    expect(document.errors[0]?.links).toEqual({ about: "/v2/x" });
    expect(JSON.stringify(document)).not.toContain("sentinel");
  });
});
