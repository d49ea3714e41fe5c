// From options and a header line to a plan: which field of a line is what.

import { TierError } from "@pagetier/base";
import { REQUEST_OPS } from "../trace.js";
import { type CsvColumns, type CsvLayout, PLAIN_LAYOUT, TIME_UNITS } from "./csv-layouts.js";
import type { FormatOptions } from "./format.js";
import { badOption, wholeNumber, yesOrNo } from "./format-options.js";
import { NO_REQUEST, OPERATION_WORDS } from "./operations.js";

/** What a field of a line is. */
export const ROLES = { none: 0, key: 1, offset: 2, size: 3, device: 4, op: 5, time: 6, repeat: 7 } as const;
export type ColumnName = Exclude<keyof typeof ROLES, "none">;
export const COLUMN_NAMES = Object.keys(ROLES).slice(1) as readonly ColumnName[];

/** How lines are read. */
export interface CsvPlan {
  /** The role of each field, as far as any field has one. */
  readonly roles: Uint8Array;
  /** Bit n is set when role n is wanted in every line. */
  readonly wanted: number;
}

/** Options of every format with columns. */
export const CSV_OPTIONS: FormatOptions = {
  key: "column of the key, by name or number; text is hashed",
  offset: "column of the place on a device, instead of key",
  size: "column of the length, with offset",
  device: "column of the device; a+b joins two",
  op: "column of the operation",
  time: "column of the arrival time",
  repeat: "column of how often the request was made",
  unit: "bytes of a unit of offset, 512 for sectors; default 1",
  sizeUnit: "bytes of a unit of size; default 1",
  timeUnit: "s, ms, us, ns or 100ns; default s",
  delimiter: "between columns: a character, tab, or blank for runs of blanks; default ,",
  header: "yes: the first line names the columns; default: told by the first line",
  read: "words for reads beside the usual ones, joined with +",
  write: "words for writes",
  free: "words for what gives pages up",
  skip: "words for what is no request",
};

/** Columns that are taken by their names when nobody says which is what, in lower case. */
const SYNONYMS: Readonly<Record<string, { readonly column: ColumnName; readonly unitBytes?: number }>> = {
  ...named("key", "key", "id", "obj_id", "object_id", "object", "page"),
  ...named("offset", "offset", "offset_bytes"),
  ...Object.fromEntries(["lbn", "lba", "sector", "block"].map((name) => [name, { column: "offset", unitBytes: 512 }])),
  ...named("size", "size", "length", "bytes", "obj_size"),
  ...named("device", "device", "device_id", "volume", "disk", "lun", "asu"),
  ...named("op", "op", "operation", "opcode", "type", "rw"),
  ...named("time", "time", "timestamp", "ts"),
};

function named(column: ColumnName, ...names: string[]): Record<string, { column: ColumnName }> {
  return Object.fromEntries(names.map((name) => [name, { column }]));
}

const DELIMITERS: Readonly<Record<string, string>> = { tab: "\t", blank: " ", comma: ",", semicolon: ";" };
const FIELDS_MAX = 1000;
const NAME = /^[a-z_][\w ]*$/i;

/**
 * A layout changed by options.
 *
 * @param first the first line of the file
 */
export function layoutWith(
  path: string,
  format: string,
  layout: CsvLayout,
  options: FormatOptions,
  first: string,
): CsvLayout {
  const columns: CsvColumns = Object.fromEntries(
    COLUMN_NAMES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
  const merged = { ...layout, ...columns };
  if (columns.key !== undefined && columns.offset === undefined) delete (merged as { offset?: string }).offset;
  if (columns.offset !== undefined && columns.key === undefined) delete (merged as { key?: string }).key;
  const { timeUnit, delimiter } = options;
  if (timeUnit !== undefined && !Object.hasOwn(TIME_UNITS, timeUnit)) {
    throw badOption(path, format, "timeUnit", timeUnit, `one of ${Object.keys(TIME_UNITS).join(", ")}`);
  }
  const separator = delimiter === undefined ? layout.delimiter : (DELIMITERS[delimiter] ?? delimiter);
  if (!/^[\t\x20-\x7e]$/.test(separator) || /[\w."#*+-]/.test(separator)) {
    throw badOption(path, format, "delimiter", separator, `one character, or ${Object.keys(DELIMITERS).join(", ")}`);
  }
  return {
    ...merged,
    addresses: columns.offset === undefined ? merged.addresses : "blocks",
    unitBytes: wholeNumber(path, format, options, "unit", layout.unitBytes),
    sizeUnitBytes: wholeNumber(path, format, options, "sizeUnit", layout.sizeUnitBytes),
    timeUnitNs: timeUnit === undefined ? layout.timeUnitNs : TIME_UNITS[timeUnit]!,
    delimiter: separator,
    header: yesOrNo(
      path,
      format,
      options,
      "header",
      layout.header || needsNames(columns) || isHeader(first, separator),
    ),
    words: { ...layout.words, ...wordsOf(options) },
  };
}

/** Whether a line names columns: words throughout, none of which is an operation. */
function isHeader(line: string, delimiter: string): boolean {
  const fields = fieldsOf(line, delimiter);
  return fields.every((field) => NAME.test(field) && !OPERATION_WORDS.has(field.toLowerCase()));
}

/** Whether a column is called by a name. */
function needsNames(columns: CsvColumns): boolean {
  return Object.values(columns).some((column: string) => column.split("+").some((part) => !/^\d+$/.test(part)));
}

function wordsOf(options: FormatOptions): Record<string, number> {
  const meanings = { ...REQUEST_OPS, skip: NO_REQUEST };
  const words: Record<string, number> = {};
  for (const [option, meaning] of Object.entries(meanings)) {
    for (const word of options[option]?.split("+") ?? []) words[word.trim().toLowerCase()] = meaning;
  }
  return words;
}

/** All words for operations, in lower case. */
export function operationsOf(layout: CsvLayout): ReadonlyMap<string, number> {
  return new Map([...OPERATION_WORDS, ...Object.entries(layout.words)]);
}

/** The layout that a header line tells by the names of its columns; `undefined`: it has neither key nor offset. */
export function layoutOfHeader(line: string): CsvLayout | undefined {
  const delimiter = [",", "\t", ";"].find((each) => line.includes(each)) ?? ",";
  const columns: Partial<Record<ColumnName, string>> = {};
  let unitBytes = 1;
  for (const field of fieldsOf(line, delimiter)) {
    if (!NAME.test(field)) return undefined;
    const known = SYNONYMS[field.toLowerCase()];
    if (known === undefined || columns[known.column] !== undefined) continue;
    columns[known.column] = field;
    unitBytes = known.unitBytes ?? unitBytes;
  }
  if (columns.key !== undefined) {
    delete columns.offset;
    delete columns.size;
  }
  if (columns.key === undefined && columns.offset === undefined) return undefined;
  const addresses = columns.key === undefined ? "blocks" : "objects";
  return { ...PLAIN_LAYOUT, ...columns, addresses, unitBytes, delimiter, header: true };
}

/** The names or values in a line. */
export function fieldsOf(line: string, delimiter: string): string[] {
  const fields = delimiter === " " ? line.trim().split(/\s+/) : line.trim().split(delimiter);
  return fields.map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
}

/**
 * Finds the columns of a layout.
 *
 * @param header the line that names them, if there is one
 * @param optional columns that may be missing in the header
 * @throws TierError TRACE_FORMAT when a column is not there
 */
export function planOf(
  path: string,
  layout: CsvLayout,
  header: string | undefined,
  optional: readonly ColumnName[] = [],
): CsvPlan {
  const names = header === undefined ? [] : fieldsOf(header, layout.delimiter).map((name) => name.toLowerCase());
  const roles: number[] = [];
  let wanted = 0;
  for (const column of COLUMN_NAMES) {
    for (const part of layout[column]?.split("+") ?? []) {
      const index = /^\d+$/.test(part) ? Number(part) - 1 : names.indexOf(part.toLowerCase());
      if (index < 0 && optional.includes(column)) continue;
      if (index < 0 || index >= FIELDS_MAX) throw noColumn(path, part, names);
      if (roles[index] !== undefined) {
        throw new TierError("TRACE_FORMAT", `The trace ${path} cannot use column ${part} twice.`, {
          path,
          column: part,
        });
      }
      roles[index] = ROLES[column];
      wanted |= 1 << ROLES[column];
    }
  }
  return { roles: Uint8Array.from(roles, (role) => role ?? ROLES.none), wanted };
}

function noColumn(path: string, column: string, names: readonly string[]): TierError {
  const there =
    names.length === 0
      ? "its first line names none; number columns from 1"
      : `its first line names ${names.join(", ").slice(0, 200)}`;
  return new TierError("TRACE_FORMAT", `The trace ${path} has no column ${JSON.stringify(column)}: ${there}.`, {
    path,
    column,
  });
}
