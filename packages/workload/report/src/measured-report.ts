// From documents to a report: one report of everything that it is given.

import { benchSections, benchSummary } from "./benches/sections.js";
import type { PolicyDocument } from "./documents/policy.js";
import type { RunDocument } from "./documents/run.js";
import { originSection } from "./origin-section.js";
import { policyName, policySections, policySummary } from "./policies/sections.js";
import { poolInputs, poolSections, poolSummary } from "./pools/sections.js";
import { type MeasuredDocument, measuredDocument } from "./read-parts.js";
import type { Report, ReportPart } from "./report.js";
import { runSections } from "./runs/sections.js";
import { runFacts, runSummary, workloadLine } from "./runs/summary.js";
import { type Workload, workloadsOf } from "./runs/workload.js";
import { listed } from "./words.js";

/**
 * Makes a report of what was measured: runs side by side, pools, policies and benchmark suites.
 *
 * @param parts documents as `--json` prints them; at least one
 * @throws TierError REPORT_FORMAT
 */
export function measuredReport(parts: readonly ReportPart[]): Report {
  const documents = parts.map(({ document }, index) => measuredDocument(document, `document ${index + 1}`));
  const runs = documents.flatMap((each): readonly RunDocument[] => (each.kind === "runs" ? each.runs : []));
  const workloads = workloadsOf(runs);
  const inputs = poolInputs(documents.flatMap((each) => (each.kind === "pool" ? each.document.results : [])));
  const policies = documents.flatMap((each): PolicyDocument[] => (each.kind === "policy" ? [each.document] : []));
  const benches = documents.flatMap((each) => (each.kind === "bench" ? [each.document] : []));
  const several = workloads.length > 1;
  return {
    title: titleOf(workloads, documents),
    subtitle: workloads.length === 1 ? workloadLine(workloads[0]!) : contentsLine(documents),
    summary: [
      ...workloads.map(runSummary),
      ...inputs.map(poolSummary),
      ...policies.map(policySummary),
      ...benches.map(benchSummary),
    ],
    facts: workloads.length === 1 ? runFacts(workloads[0]!) : [],
    sections: [
      ...workloads.flatMap((workload) => runSections(workload, several)),
      ...poolSections(inputs),
      ...policySections(policies),
      ...benches.flatMap(benchSections),
      ...originSection(parts, configurationsOf(workloads)),
    ],
    parts,
  };
}

function titleOf(workloads: readonly Workload[], documents: readonly MeasuredDocument[]): string {
  if (workloads.length > 0) {
    return listed(workloads.map(({ name, runs }) => `${listed(runs.map((run) => run.name))} on ${name}`));
  }
  const titles = documents.map((each) => {
    if (each.kind === "pool") return `Pools of ${listed(poolInputs(each.document.results).map(({ name }) => name))}`;
    if (each.kind === "policy") return `Policies on ${policyName(each.document)}`;
    return each.kind === "bench" ? `Suites ${listed(each.document.results.map(({ suite }) => suite))}` : "";
  });
  return listed([...new Set(titles)]);
}

function contentsLine(documents: readonly MeasuredDocument[]): string {
  const names = { runs: "replays", pool: "pools", policy: "eviction policies", bench: "benchmarks" };
  const kinds = [...new Set(documents.map(({ kind }) => names[kind]))];
  return `${documents.length} document${documents.length === 1 ? "" : "s"}: ${listed(kinds)}.`;
}

function configurationsOf(workloads: readonly Workload[]): { name: string; configuration: unknown }[] {
  return workloads.flatMap(({ runs }) =>
    runs.flatMap(({ name, run }) =>
      run.configuration === undefined ? [] : [{ name, configuration: run.configuration }],
    ),
  );
}
