// Runs that can be compared with each other: the same trace and the same pages. A report has one set of sections for each
// such workload.

import type { RunDocument } from "../documents/run.js";
import { fileName, size } from "../words.js";

/** A run and what it is called on the page. */
export interface NamedRun {
  readonly name: string;
  readonly colour: number;
  readonly run: RunDocument;
}

export interface Workload {
  readonly name: string;
  readonly runs: readonly NamedRun[];
}

export function workloadsOf(runs: readonly RunDocument[]): Workload[] {
  const groups = new Map<string, RunDocument[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.trace, run.pages]);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((group) => ({ name: fileName(group[0]!.trace), runs: named(group) }));
}

/** Recipes' names; where one occurs twice, with what tells its runs apart. */
function named(runs: readonly RunDocument[]): NamedRun[] {
  const details: readonly ((run: RunDocument) => string)[] = [
    ({ recipe }) => recipe,
    ({ memory }) => size(memory.budgetBytes),
    ({ time }) => `${time} time`,
    ({ seed }) => `seed ${seed}`,
    ({ accesses }) => `${accesses} accesses`,
  ];
  let names = runs.map(() => "");
  for (const detail of details) {
    if (new Set(names).size === names.length && names[0] !== "") break;
    const parts = runs.map(detail);
    if (names[0] !== "" && new Set(parts).size === 1) continue;
    names = names.map((name, index) => {
      const ambiguous = names.filter((other) => other === name).length > 1 || name === "";
      return !ambiguous ? name : name === "" ? parts[index]! : `${name}, ${parts[index]}`;
    });
  }
  return runs.map((run, index) => {
    const earlier = names.slice(0, index).filter((name) => name === names[index]).length;
    return { name: earlier === 0 ? names[index]! : `${names[index]} (${earlier + 1})`, colour: index, run };
  });
}
