/** The files of all pages: kept for good under a name that holds their hash, and from our own origin. */

import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";
import { fileName } from "../../src/look/files.ts";
import { page } from "../../src/look/page.tsx";
import { ORIGIN } from "../support/api.ts";

test.each([
  ["style.css", "text/css"],
  ["script.js", "text/javascript"],
  ["icon.svg", "image/svg+xml"],
] as const)("%s is kept for good under its name", async (name, type) => {
  const answer = await exports.default.fetch(ORIGIN + fileName(name));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toContain(type);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});

test("a name of another version is answered with this one, and not kept", async () => {
  const answer = await exports.default.fetch(`${ORIGIN}/look/style-0.css`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

test.each(["/look/toString-0.js", "/look/style.css", "/look/other-0.css"])("%s is no file", async (path) => {
  expect((await exports.default.fetch(ORIGIN + path)).status).toBe(404);
});

test("a page has landmarks, a way past them, and neither style nor script of its own", async () => {
  const text = (await page({ title: "A <title>", children: "Hello" })).toString();
  expect(text).toMatch(/^<!doctype html><html lang="en">/);
  expect(text).toContain("<title>A &lt;title&gt; · Edge Secrets</title>");
  expect(text).toContain('<a class="skip" href="#main">');
  expect(text).toMatch(/<header class="top">[^]*<main id="main" tabindex="-1">Hello<\/main>/);
  expect(text).not.toMatch(/<style| style=|<script(?! type="module" src=)| on\w+=/);
});
