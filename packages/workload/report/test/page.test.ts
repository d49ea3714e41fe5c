import { TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { pageHtml } from "../src/html/page.js";
import { measuredReport } from "../src/measured-report.js";
import { readParts } from "../src/read-parts.js";
import type { ReportPart } from "../src/report.js";
import { A_BENCH, A_POLICY, A_POOL, aRun } from "./documents.js";

const ASSETS = { script: "void 0;\n", style: "body { margin: 0 }\n" };

function pageOf(...parts: ReportPart[]): string {
  return pageHtml(measuredReport(parts), ASSETS);
}

describe("a page", () => {
  test("holds its documents, and gives them back", () => {
    const origin = {
      command: "pagetier run </script>",
      madeAt: "2026-01-02T03:04:05.678Z",
      environment: { System: "x" },
    };
    const parts = [{ document: { runs: [aRun()] }, origin }, { document: A_POOL }, { document: A_POLICY }];
    expect(readParts(pageOf(...parts), "r.html")).toEqual(parts);
  });

  test("takes nothing that it is given for markup", () => {
    const evil = `</script><script>alert("x")</script><img src=x onerror='1'>`;
    const run = aRun({
      recipe: evil,
      trace: evil,
      error: { code: "E", message: evil },
      counters: { [evil]: { [evil]: 1 } },
    });
    const page = pageOf({ document: run, origin: { command: evil, environment: { [evil]: evil } } });
    expect(page).not.toContain("<img");
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<\/script>/g)).toHaveLength(3);
  });

  test("forbids every request, and every script but its own", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(pageOf({ document: aRun() }))?.[1];
    expect(policy).toContain("default-src &#39;none&#39;");
    expect(policy).toMatch(/script-src &#39;sha256-[\w+/]+=*&#39;/);
    expect(policy).not.toContain("http");
  });

  test("has a table behind every chart", () => {
    const page = pageOf(
      { document: { runs: [aRun(), aRun({ recipe: "none" })] } },
      { document: A_POOL },
      { document: A_POLICY },
    );
    const figures = page.split("<figure").slice(1);
    expect(figures.length).toBeGreaterThan(8);
    for (const figure of figures) expect(figure.split("</figure>")[0]).toMatch(/<details>[\s\S]*<tbody>\s*<tr>/);
  });

  test("of an open loop whose pages are all gone says so, and leaves out what it has nothing to show of", () => {
    const run = aRun({
      loop: "open",
      faults: { minor: 9, major: 0, majorFrom: { pool: 0, store: 0, remote: 0 } },
      tiers: [{ name: "resident", kind: "memory", pages: 0, frames: 0, bytes: 0 }],
    });
    const page = pageOf({ document: run });
    expect(page).toContain("At the end nothing was left.");
    expect(page).toContain("No page had to come back from below.");
    expect(page).not.toContain("Faults by where they were served");
    expect(page).toContain("from the moment at which it arrived in the workload");
    expect(page).not.toContain("In real time only accesses that had to wait count");
  });

  test("says what the best is in words too", () => {
    const slow = aRun({ recipe: "none", stall: { someMs: 99, fullMs: 99 } });
    expect(pageOf({ document: { runs: [aRun(), slow] } })).toMatch(
      /best"><strong>12\.5\u00a0ms<\/strong><span class="unseen"> \(best\)/,
    );
  });

  test("is the same for the same documents", () => {
    expect(pageOf({ document: A_BENCH })).toBe(pageOf({ document: A_BENCH }));
  });
});

describe("what is no document is refused", () => {
  test.each([
    ["", "REPORT_SYNTAX", "x.json is empty"],
    ["{", "REPORT_SYNTAX", "x.json is no JSON"],
    ["3", "REPORT_FORMAT", "it is only 3"],
    ["[]", "REPORT_FORMAT", "it is empty"],
    ['{"a":1}', "REPORT_FORMAT", "it has the keys a"],
    ['{"results":[]}', "REPORT_FORMAT", "it has the keys results"],
    ['{"runs":[]}', "REPORT_FORMAT", "runs is not as it should be"],
    ['{"recipe":"zswap"}', "REPORT_FORMAT", "looks like a document of run, but trace is not as it should be"],
    ['{"results":[{"policy":"lru"}]}', "REPORT_FORMAT", "looks like a document of policy"],
    ["<!doctype html><p>hello", "REPORT_FORMAT", "is a page that pagetier did not make"],
  ])("%s", (text, code, message) => {
    let thrown: unknown;
    try {
      readParts(text, "x.json");
    } catch (error) {
      thrown = error;
    }
    expect(TierError.is(thrown, code)).toBe(true);
    expect((thrown as Error).message).toContain(message);
  });

  test("lists of a series that do not belong together", () => {
    const run = aRun();
    const torn = { ...run, series: { ...run.series!, elapsedMs: [0] } };
    expect(() => readParts(JSON.stringify(torn), "x.json")).toThrow(
      /series is not as it should be: the lists of a series/,
    );
  });
});
