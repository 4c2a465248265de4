/** Work that requests share: who joins, who does not, and what becomes of those who joined what was lost. */

import { describe, expect, test } from "vitest";
import { SharedWork } from "../../src/shared-work.ts";
import { eventually } from "../support/eventually.ts";

const never = () => false;
const kept: Promise<unknown>[] = [];
const keepAlive = (work: Promise<unknown>) => void kept.push(work);

describe("SharedWork", () => {
  test("is done once for all who come meanwhile, and again for who comes later", async () => {
    const shared = new SharedWork<number>(60_000);
    const held = Promise.withResolvers<void>();
    let times = 0;
    const work = async () => {
      times += 1;
      await held.promise;
      return times;
    };
    const crowd = Array.from({ length: 10 }, () => shared.do("a", work, keepAlive, never));
    const other = shared.do("b", work, keepAlive, never);
    held.resolve();
    expect(new Set(await Promise.all([...crowd, other]))).toEqual(new Set([2]));
    expect(await shared.do("a", work, keepAlive, never)).toBe(3);
  });

  test("fails for all of them, and is not remembered for that", async () => {
    const shared = new SharedWork<string>(60_000);
    const work = () => Promise.reject(new Error("no"));
    const crowd = [shared.do("a", work, keepAlive, never), shared.do("a", work, keepAlive, never)];
    expect((await Promise.allSettled(crowd)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await shared.do("a", async () => "yes", keepAlive, never)).toBe("yes");
    await Promise.all(kept);
  });

  test("is joined by nobody who would get what is too old", async () => {
    const shared = new SharedWork<string>(60_000);
    const held = Promise.withResolvers<string>();
    let isOutdated = false;
    const early = shared.do(
      "a",
      () => held.promise,
      keepAlive,
      () => isOutdated,
    );
    isOutdated = true;
    expect(await shared.do("a", async () => "new", keepAlive, never)).toBe("new");
    held.resolve("old");
    expect(await early).toBe("old");
  });

  test("that is lost holds up nobody for longer than it may take, however late they come", async () => {
    const shared = new SharedWork<string>(500);
    void shared.do(
      "a",
      () => new Promise(() => undefined),
      () => undefined,
      never,
    );
    const held = Promise.withResolvers<void>();
    const begun: string[] = [];
    const ask = (who: string) => {
      const work = async () => {
        begun.push(who);
        await held.promise;
        return who;
      };
      return shared.do("a", work, keepAlive, never);
    };
    const first = ask("first");
    await eventually(() => expect(begun).toEqual(["first"]));
    const second = ask("second");
    held.resolve();
    expect(await Promise.all([first, second])).toEqual(["first", "first"]);
  });
});
