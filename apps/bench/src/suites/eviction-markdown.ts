// The eviction suite as the tables of docs/zcache.md: allocators down, orders across.

import type { OrderResult } from "./eviction-orders.js";

/** One table: the title is the workload's. */
export function evictionMarkdown(
  title: string,
  requests: number,
  bounds: { readonly floor: number; readonly ceiling: number },
  results: readonly OrderResult[],
): string {
  const columns = [...new Set(results.map(columnOf))];
  const allocators = [...new Set(results.map(({ allocator }) => allocator))];
  const perThousand = (reads: number): string => ((1000 * reads) / requests).toFixed(1);
  const rows = allocators.map((allocator) => {
    const cells = columns.map((column) => {
      const found = results.find((result) => result.allocator === allocator && columnOf(result) === column);
      return found === undefined ? "" : cellOf(found, perThousand);
    });
    return `| ${[allocator, ...cells].join(" | ")} |`;
  });
  return [
    `### ${title}`,
    "",
    `File reads per 1000 requests: ${perThousand(bounds.floor)} without zcache, ${perThousand(bounds.ceiling)} with room for everything.`,
    "",
    `| allocator | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "--:|").join("")}`,
    ...rows,
  ].join("\n");
}

function columnOf({ order, compaction }: OrderResult): string {
  return compaction ? order : `${order}, not compacted`;
}

function cellOf(result: OrderResult, perThousand: (reads: number) => string): string {
  const { fileReads, zpagesThrownAway, framesFreed, wantedAgain } = result;
  const perFrame = (zpagesThrownAway / Math.max(1, framesFreed)).toFixed(2);
  const wanted = Math.round((100 * wantedAgain) / Math.max(1, zpagesThrownAway));
  return `${perThousand(fileReads)} · ${perFrame} · ${wanted} %`;
}
