/** Virtual time: one thing at a time, in order, and all that follows from it before the next. */

import { expect, test } from "vitest";
import { Agenda, callOff } from "./agenda.ts";
import { Random } from "./random.ts";

test("the agenda lets things happen by their instant, and by their order where that is the same", async () => {
  const agenda = new Agenda(1000);
  const random = new Random(1);
  const happened: string[] = [];
  const instants = Array.from({ length: 500 }, () => 1000 + random.integer(0, 50));
  instants.forEach((at, order) => agenda.at(at, () => happened.push(`${at} ${String(order).padStart(3, "0")}`)));
  while (await agenda.step(2000)) expect(happened.at(-1)).toContain(String(agenda.now));
  expect(happened).toEqual(happened.toSorted());
  expect([happened.length, agenda.steps, agenda.now]).toEqual([500, 500, 2000]);
});

test("the agenda begins nothing before everything that follows from the last thing has happened", async () => {
  const agenda = new Agenda(0);
  const happened: number[] = [];
  agenda.at(1, () => {
    let chain = Promise.resolve();
    for (let turn = 0; turn < 100; turn++) chain = chain.then(() => Promise.resolve());
    void chain.then(() => happened.push(1));
  });
  agenda.at(1, () => happened.push(2));
  while (await agenda.step(10));
  expect(happened).toEqual([1, 2]);
});

test("the agenda knows what was called off, what lies in the past, and where to stop", async () => {
  const agenda = new Agenda(100);
  const happened: string[] = [];
  callOff(agenda.at(110, () => happened.push("called off")));
  agenda.at(50, () => happened.push(`overdue at ${agenda.now}`));
  agenda.at(300, () => happened.push("later"));
  while (await agenda.step(200));
  expect([happened, agenda.now]).toEqual([["overdue at 100"], 200]);
});
