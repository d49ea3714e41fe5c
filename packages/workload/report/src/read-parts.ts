// From files back to what was measured: documents that `--json` printed, and reports, which contain theirs.

import { TierError } from "@pagetier/base";
import { z } from "zod";
import { type BenchDocument, benchDocument } from "./documents/bench.js";
import { type PolicyDocument, policyDocument } from "./documents/policy.js";
import { type PoolDocument, poolDocument } from "./documents/pool.js";
import { compareDocument, type RunDocument, runDocument } from "./documents/run.js";
import { PARTS_ID } from "./html/page.js";
import type { ReportPart } from "./report.js";

/** A document whose kind is known and whose numbers are there. */
export type MeasuredDocument =
  | { readonly kind: "runs"; readonly runs: readonly RunDocument[] }
  | { readonly kind: "pool"; readonly document: PoolDocument }
  | { readonly kind: "policy"; readonly document: PolicyDocument }
  | { readonly kind: "bench"; readonly document: BenchDocument };

const partsSchema = z.array(
  z.object({
    document: z.unknown(),
    origin: z
      .object({
        command: z.string().optional(),
        madeAt: z.string().optional(),
        environment: z.record(z.string(), z.string()).optional(),
      })
      .optional(),
  }),
);

/**
 * Reads the documents of a file.
 *
 * @param text of a JSON document of `run`, `compare`, `pool`, `policy` or `pagetier-bench`, or of a report
 * @param name of the file, for messages
 * @throws TierError REPORT_SYNTAX, REPORT_FORMAT
 */
export function readParts(text: string, name: string): ReportPart[] {
  const parts = /^\s*</.test(text) ? partsOfPage(text, name) : [{ document: parseJson(text, name) }];
  for (const { document } of parts) measuredDocument(document, name);
  return parts;
}

/**
 * Tells what a document is, and checks that a report can be made from it.
 *
 * @param name of the file, for messages
 * @throws TierError REPORT_FORMAT naming what is missing
 */
export function measuredDocument(document: unknown, name: string): MeasuredDocument {
  if (typeof document !== "object" || document === null) throw unknownFormat(name, `it is ${describe(document)}`);
  if ("runs" in document) return { kind: "runs", runs: checked(compareDocument, document, name, "compare").runs };
  if ("recipe" in document) return { kind: "runs", runs: [checked(runDocument, document, name, "run")] };
  const first = "results" in document && Array.isArray(document.results) ? document.results[0] : undefined;
  if (typeof first === "object" && first !== null) {
    if ("allocator" in first) return { kind: "pool", document: checked(poolDocument, document, name, "pool") };
    if ("policy" in first) return { kind: "policy", document: checked(policyDocument, document, name, "policy") };
    if ("suite" in first) {
      return { kind: "bench", document: checked(benchDocument, document, name, "pagetier-bench") };
    }
  }
  const keys = Object.keys(document).slice(0, 5);
  throw unknownFormat(name, keys.length === 0 ? "it is empty" : `it has the keys ${keys.join(", ")}`);
}

function partsOfPage(page: string, name: string): ReportPart[] {
  const json = new RegExp(`<script type="application/json" id="${PARTS_ID}">(.*)</script>`).exec(page)?.[1];
  if (json === undefined) {
    throw new TierError(
      "REPORT_FORMAT",
      `${name} is a page that pagetier did not make: it holds no data; give a report of pagetier, or the document that --json printed.`,
      { name },
    );
  }
  return checked(partsSchema, parseJson(json, name), name, "report");
}

function parseJson(text: string, name: string): unknown {
  if (text.trim() === "") {
    throw new TierError(
      "REPORT_SYNTAX",
      `${name} is empty; give what run, compare, pool or policy prints with --json.`,
      { name },
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TierError(
      "REPORT_SYNTAX",
      `${name} is no JSON (${reason}); give what run, compare, pool or policy prints with --json, or a report of pagetier.`,
      { name },
      { cause },
    );
  }
}

function checked<Schema extends z.ZodType>(
  schema: Schema,
  document: unknown,
  name: string,
  command: string,
): z.infer<Schema> {
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const place = issue.path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  throw new TierError(
    "REPORT_FORMAT",
    `${name} looks like a document of ${command}, but ${place.replace(/^\./, "") || "the whole"} is not as it should be: ${issue.message.replace(/^Invalid input: /, "")}; make it again with this version.`,
    { name, path: issue.path },
  );
}

function unknownFormat(name: string, found: string): TierError {
  return new TierError(
    "REPORT_FORMAT",
    `${name} is no document that a report is made from: ${found}; give what run, compare, pool, policy or pagetier-bench prints with --json.`,
    { name },
  );
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "a list" : `only ${JSON.stringify(value)?.slice(0, 40)}`;
}
