/** What goes over the wire, setting by setting. */

import { describe, expect, test } from "vitest";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";
import type { TokenRequest } from "../../../src/domain/oauth2/request.ts";
import { shapeRequest } from "../../../src/domain/oauth2/shape.ts";

const values = { client_id: "c", uuid: "u", timestamp: "123", signature: "abc" };

function shaped(
  flavour: Flavour,
  more: Partial<{ uri: string; kind: "refresh" | "client_credentials" | "jwt_bearer" }> = {},
) {
  const { uri = "https://a.example.com/token?x=1", kind = "refresh" } = more;
  const registration = { client_id: "c", auth_uri: "", token_uri: uri, refresh_token_uri: uri, flavour };
  const request = { kind, registration, refreshToken: "r", scopes: ["a", "b"] } as TokenRequest;
  const params = new URLSearchParams({ grant_type: kind === "refresh" ? "refresh_token" : kind, client_id: "c" });
  if (kind === "refresh") params.set("refresh_token", "r");
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8" };
  return shapeRequest(request, { uri, headers, params }, values);
}

describe("shapeRequest", () => {
  test.each<[string, Flavour, string]>([
    ["as the standard has it", {}, "grant_type=refresh_token&client_id=c&refresh_token=r"],
    [
      "with more",
      { refresh_params: { a: "1 2" }, token_params: { b: "2" } },
      "grant_type=refresh_token&client_id=c&refresh_token=r&a=1+2",
    ],
    [
      "with scope",
      { refresh_with_scope: true, scope_separator: "," },
      "grant_type=refresh_token&client_id=c&refresh_token=r&scope=a%2Cb",
    ],
    ["without some", { omit_params: ["grant_type", "client_id"] }, "refresh_token=r"],
    [
      "by other names",
      { param_names: { client_id: "client_key" } },
      "grant_type=refresh_token&client_key=c&refresh_token=r",
    ],
    [
      "by another grant type",
      { refresh_grant_type: "x", refresh: { param_names: { refresh_token: "t" } } },
      "grant_type=x&client_id=c&t=r",
    ],
    ["in JSON", { body_format: "json", omit_params: ["grant_type"] }, '{"client_id":"c","refresh_token":"r"}'],
  ])("%s", (_, flavour, body) => {
    const { uri, method, headers, ...wire } = shaped(flavour);
    expect([uri, method, wire.body]).toEqual(["https://a.example.com/token?x=1", "POST", body]);
    const type = body.startsWith("{") ? "application/json" : "application/x-www-form-urlencoded;charset=UTF-8";
    expect(headers).toEqual({ accept: "application/json", "content-type": type });
  });

  test("asks with GET in the query, behind what stands there", () => {
    const flavour: Flavour = { method: "GET", omit_params: ["client_id"] };
    const query = "grant_type=refresh_token&refresh_token=r";
    expect(shaped(flavour)).toEqual({
      uri: `https://a.example.com/token?x=1&${query}`,
      method: "GET",
      headers: { accept: "application/json" },
      body: null,
    });
    expect(shaped(flavour, { uri: "https://a.example.com/token" }).uri).toBe(`https://a.example.com/token?${query}`);
  });

  test("sends headers, with what their variables stand for and no other way of accepting", () => {
    const headers = {
      "X-App": "{{client_id}}/{{uuid}}",
      "x-sign": "{{timestamp}}.{{signature}}",
      "x-odd": "{{other}}",
    };
    expect(shaped({ headers }).headers).toMatchObject({ "x-app": "c/u", "x-sign": "123.abc", "x-odd": "{{other}}" });
  });

  test("lets a refresh differ from every other request", () => {
    const flavour: Flavour = { body_format: "json", refresh: { method: "GET" }, token_params: { audience: "x" } };
    expect(shaped(flavour).method).toBe("GET");
    expect(shaped(flavour, { kind: "client_credentials" })).toMatchObject({
      method: "POST",
      body: '{"grant_type":"client_credentials","client_id":"c","scope":"a b","audience":"x"}',
    });
  });

  test("asks for the scopes of a jwt_bearer grant in one place: where its assertion says them, or as the parameter", () => {
    const bodyOf = (flavour: Flavour) => shaped(flavour, { kind: "jwt_bearer" }).body;
    expect(bodyOf({})).toContain("scope=a+b");
    expect(bodyOf({ assertion: { claims: { scope: "{{scope}}" } } })).not.toContain("scope");
  });
});
