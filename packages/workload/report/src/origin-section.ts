// How to do it again: what was run, with which configuration, on which machine.

import type { Block, ReportPart, Row, Section } from "./report.js";

/** A configuration and whose it is. */
export interface NamedConfiguration {
  readonly name: string;
  readonly configuration: unknown;
}

export function originSection(parts: readonly ReportPart[], configurations: readonly NamedConfiguration[]): Section[] {
  const commands = [...new Set(parts.flatMap(({ origin }) => origin?.command ?? []))];
  const blocks: Block[] = [
    ...(commands.length === 0
      ? []
      : [{ kind: "code" as const, title: "How to do it again", text: commands.join("\n") }]),
    ...configurations.map(
      ({ name, configuration }): Block => ({
        kind: "code",
        folded: true,
        title: `Configuration of ${name}`,
        text: outline(configuration),
      }),
    ),
    ...environmentTable(parts),
  ];
  return blocks.length === 0 ? [] : [{ id: "origin", heading: "Configuration and environment", blocks }];
}

/** A column per place where something was measured; parts from the same place share one. */
function environmentTable(parts: readonly ReportPart[]): Block[] {
  const places = new Map<string, Readonly<Record<string, string>>>();
  for (const { origin } of parts) {
    if (origin?.environment !== undefined) places.set(JSON.stringify(origin.environment), origin.environment);
  }
  if (places.size === 0) return [];
  const environments = [...places.values()];
  const names = [...new Set(environments.flatMap((environment) => Object.keys(environment)))];
  return [
    {
      kind: "table",
      table: {
        caption: "Where it was measured",
        columns: [
          { head: "" },
          ...environments.map((_, index) => ({
            head: environments.length === 1 ? "here" : `${index + 1}`,
            align: "left" as const,
          })),
        ],
        rows: names.map(
          (name): Row => ({ cells: [name, ...environments.map((environment) => environment[name] ?? null)] }),
        ),
      },
    },
  ];
}

/** Plain data as indented lines, without the punctuation of JSON. */
function outline(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}none`;
    return value.map((item) => `${indent}- ${outline(item, `${indent}  `).trimStart()}`).join("\n");
  }
  if (typeof value !== "object" || value === null) return `${indent}${String(value)}`;
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => {
      const nested = typeof item === "object" && item !== null && Object.keys(item).length > 0;
      return nested
        ? `${indent}${key}:\n${outline(item, `${indent}  `)}`
        : `${indent}${key}: ${outline(item).trim() || "none"}`;
    })
    .join("\n");
}
