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

function cell(
  contender: string,
  environment: Environment,
  seed: number,
  elapsedMs: number,
  question: number,
): CellResult {
  return {
    experiment: QUESTIONS[question - 1]!.experiment.name,
    workload: "programs",
    contender,
    role: "contender",
    environment,
    seed,
    metrics: { ...ZERO, elapsedMs },
    poolFrames: [],
  };
}

/** @param changed what a contender's cells have beside their times */
function documentOf(
  times: Readonly<Record<string, readonly number[]>>,
  question = 1,
  changed: Readonly<Record<string, Partial<CellResult>>> = {},
): Record<string, string> {
  const { environments } = QUESTIONS[question - 1]!.experiment;
  const cells = Object.entries(times).flatMap(([contender, values]) =>
    values.map((time, index) => {
      const made = cell(contender, environments[0]!, index + 1, time, question);
      const { metrics, ...rest } = changed[contender] ?? {};
      return { ...made, ...rest, metrics: { ...made.metrics, ...metrics } };
    }),
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

  test("compares with the best fixed size, whichever that was", () => {
    const { "answers.md": text } = documentOf(
      { "unbounded memory": [10, 10], "fixed, 20 %": [110, 110], "fixed, 60 %": [60, 60], mm: [85, 85] },
      6,
    );
    expect(text).toContain("| programs, 0.7, nvme | fixed, 60 % | 50 | +50 % (+50 % to +50 %) |");
  });

  test("compares a run that ended early with nothing, and says why it did", () => {
    const { "answers.md": text, ...pictures } = documentOf(
      { "unbounded memory": [10, 10], hooks: [110, 112], shrinker: [20, 21] },
      1,
      { shrinker: { error: "MM_OUT_OF_MEMORY: no page can leave" } },
    );
    expect(text).toMatch(/\| shrinker \| [^|]+ \| ended early \|/);
    expect(text).not.toContain("**shrinker** against");
    expect(text).toContain("- **shrinker**: 2 runs. The first: MM_OUT_OF_MEMORY: no page can leave");
    expect(pictures["answers/1.svg"]).not.toContain(">shrinker</text>");
  });

  test("has a frontier where two things are wanted", () => {
    const { "answers.md": text, ...pictures } = documentOf(
      { "unbounded memory": [10], "object-lru": [60], hybrid: [50], "plain swap": [90] },
      3,
      { "object-lru": { metrics: { thrownPerFrame: 300 } }, hybrid: { metrics: { thrownPerFrame: 2 } } },
    );
    expect(text).toContain("](answers/3-frontier.svg)");
    const svg = pictures["answers/3-frontier.svg"]!;
    expect(svg).toContain(">hybrid</text>");
    expect(svg).not.toContain(">plain swap</text>");
    expect(svg).not.toContain(">100m<");
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
