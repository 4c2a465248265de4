/** The README's tour, run as it is printed: only the ports are others, and a browser of ours opens the address. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { addressesToOpen, blocksOf, Shell } from "../support/shell.ts";
import { useStage } from "../support/stage.ts";
import { signInAndConsent, UserAgent } from "../support/user-agent.ts";

const readme = readFileSync("README.md", "utf8");
const tour = readme.slice(readme.indexOf("## A tour in five minutes"), readme.indexOf("## Deploy"));
const blocks = blocksOf("sh", tour);

const stage = useStage(90);

describe("the README", () => {
  test("has a tour that works when pasted", async () => {
    expect(blocks).toHaveLength(3);
    const shell = new Shell(stage.folder, {
      "http://localhost:8787": stage.server.url,
      "http://127.0.0.1:4000": stage.provider.issuer,
    });
    const [prepare = "", use = "", mistake = ""] = blocks;

    const [connectUrl = ""] = addressesToOpen(await shell.run(prepare));
    const page = await signInAndConsent(new UserAgent(), connectUrl, { login: "anna" });
    expect(page.html).toContain("Connected");

    const printed = await shell.run(use);
    expect(printed).toContain('"name":"Anna\'s CRM"');
    expect(printed).toContain('"headers":{"Authorization":"Bearer ');
    expect(printed).toContain('"version":2');
    expect(printed).not.toContain('"errors"');

    const refused = await shell.run(mistake);
    expect(refused).toContain('"pointer":"/data/attributes/colour"');
    expect(refused).toContain('"pointer":"/data/attributes/credentials"');
    shell.close();
  }, 60_000);

  test("has no request outside the tour, where nobody would run it", () => {
    expect(readme.replace(tour, "")).not.toMatch(/\b(ask|curl) (-|\$|http)/);
  });

  test.each([...readme.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = ""]) => link))(
    "links to %s, which is there",
    (link) => {
      expect(() => readFileSync(join(".", link)).length).not.toThrowError(/ENOENT/);
    },
  );

  test("names every command that it shows", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const shown = new Set(
      [...readme.matchAll(/npm (?:run )?(start|test|demo|provider|check|format|deploy)\b/g)].map(
        ([, name = ""]) => name,
      ),
    );
    expect([...shown].filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  test("gives every dependency a reason", () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    const [, reasons = ""] = readme.split("## Dependencies");
    expect(names.filter((name) => !reasons.includes(`**${name}**`))).toEqual([]);
  });
});
