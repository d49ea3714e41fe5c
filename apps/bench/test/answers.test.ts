// The documents say what the numbers say.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CellResult, Environment } from "../src/experiment/experiment.js";
import { METRICS } from "../src/experiment/metrics.js";
import { RESULT_FORMAT, writeResult } from "../src/result-file.js";
import { answersDocument } from "../src/thread/document.js";
import { QUESTIONS } from "../src/thread/questions.js";
import { findingOf, percent } from "../src/thread/verdict.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pagetier-answers-"));
});
afterAll(() => rm(folder, { recursive: true }));

const ZERO = Object.fromEntries(Object.keys(METRICS).map((name) => [name, 0]));

function cell(contender: string, environment: Environment, seed: number, elapsedMs: number): CellResult {
  const [question] = QUESTIONS;
  return {
    experiment: question!.experiment.name,
    workload: "programs",
    contender,
    role: "contender",
    environment,
    seed,
    metrics: { ...ZERO, elapsedMs },
    poolFrames: [],
  };
}

function documentOf(times: Readonly<Record<string, readonly number[]>>): Record<string, string> {
  const { environments } = QUESTIONS[0]!.experiment;
  const cells = Object.entries(times).flatMap(([contender, values]) =>
    values.map((time, index) => cell(contender, environments[0]!, index + 1, time)),
  );
  const path = join(folder, "result.json");
  const environment = { command: "pagetier-bench run thread", cpu: "some", node: "v20" };
  writeResult(path, { format: RESULT_FORMAT, environment, results: [{ suite: "thread", rows: [], cells }] });
  return answersDocument([path]);
}

const UNBOUNDED_TIMES = [10, 10, 10, 10, 10];

describe("an answer", () => {
  test("says less, more, or that nothing can be told, and by how much", () => {
    const { "answers.md": text } = documentOf({
      "unbounded memory": UNBOUNDED_TIMES,
      hooks: [110, 112, 108, 111, 109],
      shrinker: [60, 61, 59, 60, 60],
      "shrinker, seeks 1": [210, 212, 208, 211, 209],
      "shrinker, seeks 8": [110, 112, 108, 111, 109],
      "hooks, clock": [50, 200, 60, 190, 110],
    });
    expect(text).toContain("**shrinker** against **hooks**, by time lost to memory: less in 1 of 1 (−50 %).");
    expect(text).toContain("**shrinker, seeks 1** against **hooks**, by time lost to memory: more in 1 of 1 (+100 %).");
    expect(text).toContain("**shrinker, seeks 8** against **hooks**, by time lost to memory: no difference");
    expect(text).toMatch(/\*\*hooks, clock\*\* against \*\*hooks\*\*, by time lost to memory: no difference/);
    expect(text).toContain("| hooks | 100 (98–102)");
  });

  test("has a picture that names its contenders and needs nothing around it", () => {
    const files = documentOf({ "unbounded memory": UNBOUNDED_TIMES, hooks: [110, 112], shrinker: [60, 61] });
    const svg = files["answers/1.svg"]!;
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain(">shrinker</text>");
    expect(svg).not.toMatch(/href=|<script|url\(/);
  });

  test("is refused for a result that has none", () => {
    const path = join(folder, "other.json");
    writeResult(path, { format: RESULT_FORMAT, environment: {}, results: [{ suite: "smoke", rows: [] }] });
    expect(() => answersDocument([path])).toThrow(/has no suite thread/);
    expect(() => answersDocument([join(folder, "absent.json")])).toThrow(/cannot be read \(ENOENT\)/);
  });
});

test("a difference counts when it is sure and can be noticed", () => {
  expect(findingOf({ value: -0.1, low: -0.2, high: -0.05 })).toBe("better");
  expect(findingOf({ value: 0.1, low: 0.05, high: 0.2 })).toBe("worse");
  expect(findingOf({ value: 0.1, low: -0.05, high: 0.2 })).toBe("unsure");
  expect(findingOf({ value: 0.01, low: 0.005, high: 0.02 })).toBe("same");
  expect(findingOf({ value: 0.1, low: 0.05, high: 0.2 }, false)).toBe("better");
  expect([percent(0.5), percent(-0.031), percent(Number.POSITIVE_INFINITY)]).toEqual([
    "+50 %",
    "−3.1 %",
    "from nothing",
  ]);
});
