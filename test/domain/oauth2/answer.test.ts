/** Token answers of any dialect, read. */

import { describe, expect, test } from "vitest";
import {
  conformingAnswer,
  foreignFormat,
  type Members,
  membersOf,
  otherMembers,
  readAnswer,
  valueAt,
} from "../../../src/domain/oauth2/answer.ts";
import type { Flavour } from "../../../src/domain/oauth2/flavour.ts";

function answer(body: string, mediaType: string | null = null) {
  return { status: 200, retryAfter: null, mediaType, body };
}

describe("membersOf", () => {
  test.each([
    ["JSON", '{"access_token":"a"}', { access_token: "a" }],
    ["JSON behind a byte order mark", '\uFEFF {"access_token":"a"}', { access_token: "a" }],
    ["a form", "access_token=a&scope=x%2Cy", { access_token: "a", scope: "x,y" }],
    ["a form of one", "error=x", { error: "x" }],
    ["HTML", "<html><body>oops</body></html>", null],
    ["XML", '<?xml version="1.0"?><a>b=c</a>', null],
    ["truncated JSON", '{"access_token":"a', null],
    ["nothing", "", null],
    ["a JSON array", "[1]", null],
    ["a list of objects", ' [ {"error":"x"} ]', { 0: { error: "x" } }],
  ])("%s", (_, body, members) => {
    expect(membersOf(answer(body))).toEqual(members);
  });
});

describe("foreignFormat", () => {
  test.each([
    ["<html><body>oops</body></html>", null, "html"],
    ["<!DOCTYPE html>\n<p>", null, "html"],
    ["<p>oops", "text/html", "html"],
    ['\uFEFF<?xml version="1.0"?><a/>', "application/xml", "xml"],
    ["<Access_Token/>", null, "xml"],
    ["oops", "text/html", null],
    ["", null, null],
  ])("%j as %s: %s", (body, mediaType, format) => {
    expect(foreignFormat(answer(body, mediaType))).toBe(format);
  });
});

describe("valueAt", () => {
  test.each([
    ["a.b", { a: { b: 1 } }, 1],
    ["errors.0.errorType", { errors: [{ errorType: "x" }] }, "x"],
    ["", { a: 1 }, { a: 1 }],
    ["a.b", { a: "text" }, undefined],
    ["a.length", { a: "text" }, undefined],
    ["__proto__.x", {}, undefined],
    ["constructor", {}, undefined],
  ])("%s of %j: %j", (path, value, found) => {
    expect(valueAt(value, path)).toEqual(found);
  });
});

describe("conformingAnswer", () => {
  test.each([
    [{ access_token: "a" }, { access_token: "a", token_type: "Bearer" }],
    [
      { access_token: "a", token_type: "bearer" },
      { access_token: "a", token_type: "Bearer" },
    ],
    [
      { access_token: "a", scope: ["x", { toString: 1 }, 5, "y"] },
      { access_token: "a", token_type: "Bearer", scope: "x y" },
    ],
    [
      { access_token: "a", scope: ["x", "y"] },
      { access_token: "a", token_type: "Bearer", scope: "x y" },
    ],
    [
      { access_token: "a", scope: null, refresh_token: "" },
      { access_token: "a", token_type: "Bearer" },
    ],
    [
      { access_token: "a", refresh_token: "r", more: 1 },
      { access_token: "a", token_type: "Bearer", refresh_token: "r" },
    ],
    [
      { access_token: 12, refresh_token: 345 },
      { access_token: "12", token_type: "Bearer", refresh_token: "345" },
    ],
    [
      { access_token: "a", refresh_token: 2 ** 60 },
      { access_token: "a", token_type: "Bearer" },
    ],
    [
      { access_token: "a", scope: "x,y z" },
      { access_token: "a", token_type: "Bearer", scope: "x y z" },
    ],
    [
      { accessToken: "a", refreshToken: "r", scopes: ["x"] },
      { access_token: "a", token_type: "Bearer", refresh_token: "r", scope: "x" },
    ],
  ])("%j", (members, conforming) => {
    expect(conformingAnswer(readAnswer({}, members), {})).toEqual(conforming);
  });
});

describe("readAnswer finds the tokens", () => {
  const root: Flavour = { response_root: ["", "authed_user"] };
  test.each<[string, Flavour, Members, Members]>([
    ["at the root", { response_root: "data" }, { data: { access_token: "a" } }, { access_token: "a" }],
    [
      "at the first root that has one",
      root,
      { access_token: "a", authed_user: { access_token: "b" } },
      { access_token: "a" },
    ],
    ["at a root further on", root, { ok: true, authed_user: { access_token: "b" } }, { access_token: "b" }],
    ["nowhere, when the root is no object", { response_root: "data" }, { data: "x" }, { access_token: undefined }],
    [
      "by another name",
      { field_names: { access_token: "token" } },
      { token: "a", access_token: "other" },
      { access_token: "a" },
    ],
    [
      "deeper",
      { field_names: { access_token: "access_token.token" } },
      { access_token: { token: "a" } },
      { access_token: "a" },
    ],
  ])("%s", (_, flavour, members, tokens) => {
    expect(readAnswer(flavour, members).tokens).toMatchObject(tokens);
  });
});

describe("readAnswer tells an error", () => {
  const withings: Flavour = { success: { path: "status", equals: 0 }, response_root: "body" };
  test.each<[string, Flavour, Members, string | null | undefined]>([
    ["by its name", {}, { error: "invalid_grant" }, "invalid_grant"],
    ["beside a token too", {}, { error: "x", access_token: "a" }, "x"],
    ["as an object, without a code", {}, { error: { code: 190 } }, null],
    ["as an object whose code is known", { error_path: "error.code" }, { error: { code: 190 } }, "190"],
    ["at the first path that holds one", { error_path: ["error", "status"] }, { status: "BAD" }, "BAD"],
    ["at the first path that holds a code", { error_path: ["error", "error.type"] }, { error: { type: "t" } }, "t"],
    ["never for an empty list or object", {}, { error: [], errors: {}, access_token: "a" }, undefined],
    ["in a list", { error_path: "errors.0.errorType" }, { errors: [{ errorType: "x" }] }, "x"],
    ["when success is not said", { success: { path: "ok", equals: true } }, { ok: false, error: "e" }, "e"],
    ["when success is missing", { success: { path: "ok", equals: true } }, { access_token: "a" }, null],
    ["by the status that is no success", withings, { status: 601, body: {} }, "601"],
    ["never, when success is said", withings, { status: 0, error: "", body: { access_token: "a" } }, undefined],
    [
      "never for a code elsewhere beside a token",
      { error_path: "status" },
      { status: "active", access_token: "a" },
      undefined,
    ],
    ["never for an empty one", {}, { error: "" }, undefined],
    ["never for null", {}, { error: null }, undefined],
    ["never for false", {}, { error: false }, undefined],
    ["never for zero", { error_path: "errcode" }, { errcode: 0 }, undefined],
  ])("%s", (_, flavour, members, code) => {
    const { error } = readAnswer(flavour, members);
    expect(error === null ? undefined : error.code).toBe(code);
  });

  test("with the texts around it, wherever they stand", () => {
    const said = (members: Members) => readAnswer({}, { error: "x", ...members }).error?.said;
    expect(said({ error_description: "one", message: "two" })).toBe("one\ntwo\nx");
    expect(said({ errors: [{ message: "three" }] })).toBe("x\nthree");
    expect(readAnswer({}, { error: { message: "four" } }).error?.said).toBe("four");
  });
});

describe("otherMembers", () => {
  const others = (flavour: Flavour, members: Members) => otherMembers(readAnswer(flavour, members), flavour);
  const tokens = { access_token: "a", refresh_token: "r", token_type: "t", expires_in: 1, scope: "s" };

  test("are those that OAuth does not name", () => {
    const more = { instance_url: "https://x", id_token: "i" };
    expect(others({}, { ...tokens, error: "", ...more })).toEqual(more);
  });

  test("are what lies beside and around the tokens, without the tokens", () => {
    const flavour = { response_root: "body" };
    expect(others(flavour, { status: 0, body: { ...tokens, userid: 4 } })).toEqual({
      status: 0,
      userid: 4,
      body: { userid: 4 },
    });
  });

  test("hold no token under the names of a flavour, nor in camel case", () => {
    const flavour = { field_names: { access_token: "auth.token" } };
    expect(others(flavour, { auth: { token: "a", user: 1 }, refreshToken: "r" })).toEqual({ auth: { user: 1 } });
  });

  test("leave the answer as it was", () => {
    const members = { ...tokens, more: 1 };
    others({}, members);
    expect(members).toEqual({ ...tokens, more: 1 });
  });
});
