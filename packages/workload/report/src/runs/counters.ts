// Counters of every part, side by side: why what happened happened.

import type { Block, Row } from "../report.js";
import { listed } from "../words.js";
import type { NamedRun } from "./workload.js";

/** A table per part. Counters that are 0 in every run are named below it. */
export function counterBlocks(runs: readonly NamedRun[]): Block[] {
  const parts = [...new Set(runs.flatMap(({ run }) => Object.keys(run.counters)))];
  return parts.flatMap((part): Block[] => {
    const names = [...new Set(runs.flatMap(({ run }) => Object.keys(run.counters[part] ?? {})))];
    const counterOf = (name: string, { run }: NamedRun): number | null => run.counters[part]?.[name] ?? null;
    const moved = names.filter((name) => runs.some((run) => (counterOf(name, run) ?? 0) !== 0));
    if (moved.length === 0) return [];
    const still = names.filter((name) => !moved.includes(name));
    return [
      {
        kind: "table",
        folded: true,
        table: {
          caption: `${part}: ${moved.length} counter${moved.length === 1 ? "" : "s"} that moved`,
          columns: [{ head: "counter" }, ...runs.map(({ name }) => ({ head: name, align: "right" as const }))],
          rows: moved.map((name): Row => ({ cells: [name, ...runs.map((run) => counterOf(name, run))] })),
          note: still.length === 0 ? undefined : `0 in every run: ${listed(still)}.`,
        },
      },
    ];
  });
}
