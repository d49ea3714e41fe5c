// One request per line, in columns: a layout says which column is what.
//
// A key is any text. Whole numbers up to 2^53 are kept, so that neighbours stay neighbours; other text is hashed to 53
// bits. Instead of a key there may be an offset on a device; then requests are cut into pages.

import { TierError } from "@pagetier/base";
import { type BatchBuffer, REQUEST_OPS } from "../trace.js";
import { ByteHash } from "./byte-hash.js";
import { keyOf, numberOf, quoteEnd, TextTime } from "./csv-fields.js";
import { type CsvLayout, type KnownLayout, PLAIN_LAYOUT } from "./csv-layouts.js";
import {
  COLUMN_NAMES,
  type ColumnName,
  CSV_OPTIONS,
  type CsvPlan,
  fieldsOf,
  layoutOfHeader,
  layoutWith,
  operationsOf,
  planOf,
  ROLES,
} from "./csv-plan.js";
import type { FormatDefinition, FormatSource, OpenedFormat } from "./format.js";
import { BLANK, HASH, LineDecoder, NEWLINE, QUOTE, RETURN, textOf, ZERO } from "./line-decoder.js";
import { NO_REQUEST } from "./operations.js";
import { DEVICE_BYTES_MAX, DEVICE_KEYS, DEVICES_MAX, Devices, pageOf, pagesTouched } from "./page-requests.js";

const REPEAT_MAX = 2 ** 32;
const OP_SLOTS = 64;
const HEADER_BYTES_MAX = 4096;
/** An operation that is not said. */
const UNSAID = 4;
/** Roles of whole numbers. */
const NUMBERS = (1 << ROLES.key) | (1 << ROLES.offset) | (1 << ROLES.size);
/** Read instead of a role's number when a line has too few columns. */
const TOO_FEW = -ROLES.none - 1;

class CsvDecoder extends LineDecoder {
  protected readonly grammar: string;
  readonly #layout: CsvLayout;
  readonly #optional: readonly ColumnName[];
  readonly #words: ReadonlyMap<string, number>;
  readonly #hash = new ByteHash();
  // Words of operations that were met, by bits of their hash.
  readonly #opLows = new Int32Array(OP_SLOTS);
  readonly #opHighs = new Int32Array(OP_SLOTS);
  readonly #ops = new Int8Array(OP_SLOTS).fill(-1);
  readonly #delimiter: number;
  readonly #devices = new Devices();
  #plan: CsvPlan;
  #headerToCome: boolean;
  #others = 0;
  #empty = 0;
  #unsaid = 0;

  // What the line says that was read last.
  #seen = 0;
  #key = 0;
  #offset = 0;
  #size = 0;
  /** What {@link #digits} found. */
  #number = 0;
  readonly #device = new ByteHash();
  #op = 0;
  #repeat = 1;
  readonly #time = new TextTime();

  constructor(path: string, layout: CsvLayout, plan: CsvPlan, optional: readonly ColumnName[]) {
    super(path);
    this.#layout = layout;
    this.#plan = plan;
    this.#optional = optional;
    this.#headerToCome = layout.header;
    this.#words = operationsOf(layout);
    this.#delimiter = layout.delimiter.charCodeAt(0);
    const columns = COLUMN_NAMES.filter((name) => plan.wanted & (1 << ROLES[name]));
    this.grammar = `it is read for ${columns.map((name) => `${name} in column ${layout[name]}`).join(", ")}`;
  }

  protected parseLines(bytes: Uint8Array, start: number, end: number, batch: BatchBuffer): number {
    let at = start;
    while (at < end) {
      const first = bytes[at]!;
      const isBlank = first === HASH || first === NEWLINE || first === RETURN;
      if (isBlank || this.#headerToCome) {
        this.#headerToCome &&= isBlank;
        at = bytes.indexOf(NEWLINE, at) + 1;
        this.line++;
        continue;
      }
      const next = this.#readFields(bytes, at);
      const room = next >= 0 ? this.#request(batch, bytes, at) : this.#readHeader(-next - 1, bytes, at);
      at = next >= 0 ? next : bytes.indexOf(NEWLINE, at) + 1;
      this.line++;
      if (!room) return at;
    }
    return at;
  }

  override skipped(): Readonly<Record<string, number>> {
    return {
      ...super.skipped(),
      "other operations": this.#others,
      "empty requests": this.#empty,
      "requests without operation": this.#unsaid,
    };
  }

  /** @returns the index behind the line, or -1 - the role of the field that does not fit */
  #readFields(bytes: Uint8Array, start: number): number {
    const { roles, wanted } = this.#plan;
    const delimiter = this.#delimiter;
    this.#seen = 0;
    this.#op = REQUEST_OPS.read;
    this.#repeat = 1;
    let at = start;
    let byte = bytes[at]!;
    for (let field = 0; ; field++) {
      if (delimiter === BLANK) while (byte === BLANK) byte = bytes[++at]!;
      const role = field < roles.length ? roles[field]! : ROLES.none;
      let from = at;
      let to = -1;
      if ((NUMBERS >>> role) & 1) {
        // Digits up to the end of the field, as nearly always, need not be looked at again.
        at = this.#digits(bytes, at);
        byte = bytes[at]!;
        if ((byte === delimiter || byte === NEWLINE) && this.#takeNumber(role, at - from, bytes[from]!)) {
          this.#seen |= 1 << role;
          if (byte === NEWLINE) break;
          byte = bytes[++at]!;
          continue;
        }
      }
      if (byte === QUOTE && at === from) {
        to = quoteEnd(bytes, at);
        if (bytes[to] === QUOTE) from++;
        at = to;
        byte = bytes[at]!;
      }
      while (byte !== delimiter && byte !== NEWLINE) byte = bytes[++at]!;
      if (role !== ROLES.none) {
        if (to < 0) to = at;
        while (to > from && bytes[to - 1]! <= BLANK) to--;
        while (from < to && bytes[from]! <= BLANK) from++;
        if (!this.#take(role, bytes, from, to)) return -1 - role;
        this.#seen |= 1 << role;
      }
      if (byte === NEWLINE) break;
      byte = bytes[++at]!;
    }
    return (this.#seen & wanted) === wanted ? at + 1 : TOO_FEW;
  }

  /** Reads a number of up to 15 digits, in two halves as {@link numberOf} does. @returns the index behind them */
  #digits(bytes: Uint8Array, start: number): number {
    let at = start;
    let digit = bytes[at]! - ZERO;
    let value = 0;
    for (; digit >>> 0 <= 9 && at - start < 9; digit = bytes[++at]! - ZERO) value = (Math.imul(value, 10) + digit) | 0;
    this.#number = value;
    if (digit >>> 0 > 9) return at;
    let tail = 0;
    let unit = 1;
    for (; digit >>> 0 <= 9 && at - start < 15; digit = bytes[++at]! - ZERO) {
      tail = (Math.imul(tail, 10) + digit) | 0;
      unit = Math.imul(unit, 10);
    }
    this.#number = value * unit + tail;
    return at;
  }

  /** @returns whether so many digits are all that there is to say for the role; if not, nothing was taken */
  #takeNumber(role: number, digits: number, first: number): boolean {
    if (digits === 0) return false;
    if (role === ROLES.offset) this.#offset = this.#number;
    else if (role === ROLES.size) this.#size = this.#number;
    else if (role === ROLES.key && (digits === 1 || first !== ZERO)) this.#key = this.#number;
    else return false;
    return true;
  }

  /** @returns whether bytes[from..to) can be of the role */
  #take(role: number, bytes: Uint8Array, from: number, to: number): boolean {
    switch (role) {
      case ROLES.key:
        this.#key = keyOf(bytes, from, to, this.#hash);
        return from < to;
      case ROLES.offset:
        this.#offset = numberOf(bytes, from, to);
        return this.#offset >= 0;
      case ROLES.size:
        this.#size = numberOf(bytes, from, to);
        return this.#size >= 0;
      case ROLES.repeat:
        this.#repeat = numberOf(bytes, from, to);
        return this.#repeat >= 0 && this.#repeat <= REPEAT_MAX;
      case ROLES.device:
        if ((this.#seen & (1 << ROLES.device)) === 0) this.#device.clear();
        this.#device.add(bytes, from, to);
        return true;
      case ROLES.time:
        return this.#time.read(bytes, from, to);
      default:
        this.#op = this.#operation(bytes, from, to);
        return this.#op >= 0;
    }
  }

  #operation(bytes: Uint8Array, from: number, to: number): number {
    if (from === to) return UNSAID;
    const hash = this.#hash;
    hash.clear();
    hash.add(bytes, from, to);
    const slot = hash.low & (OP_SLOTS - 1);
    if (this.#opLows[slot] === hash.low && this.#opHighs[slot] === hash.high) return this.#ops[slot]!;
    const op = this.#words.get(textOf(bytes, from, to).toLowerCase()) ?? -1;
    this.#opLows[slot] = hash.low;
    this.#opHighs[slot] = hash.high;
    this.#ops[slot] = op;
    return op;
  }

  /** Puts what was read into the batch. @returns whether there is room for more */
  #request(batch: BatchBuffer, bytes: Uint8Array, lineStart: number): boolean {
    const op = this.#op;
    if (op >= NO_REQUEST) {
      if (op === UNSAID) this.#unsaid++;
      else this.#others++;
      return true;
    }
    const time = this.#seen & (1 << ROLES.time) ? this.#time.sinceFirst() * this.#layout.timeUnitNs : 0;
    const hasDevice = this.#seen & (1 << ROLES.device);
    const base = hasDevice ? this.#devices.baseOf(this.#device) : 0;
    if (base < 0) throw this.badLine(`names more than ${DEVICES_MAX} devices`, bytes, lineStart);
    if (this.#seen & (1 << ROLES.key)) {
      if (this.#repeat === 0) return this.#countEmpty();
      const key = hasDevice ? this.#keyOnDevice(base) : this.#key;
      return this.requests.add(batch, key, this.#repeat, op, time, 0);
    }
    const offset = this.#offset * this.#layout.unitBytes;
    const hasSize = this.#seen & (1 << ROLES.size);
    const length = hasSize ? this.#size * this.#layout.sizeUnitBytes : this.#layout.unitBytes;
    if (length === 0) return this.#countEmpty();
    if (offset + length > DEVICE_BYTES_MAX) throw this.badLine("asks for bytes beyond 4 PiB", bytes, lineStart);
    return this.requests.add(batch, base + pageOf(offset), pagesTouched(offset, length), op, time);
  }

  /** A key of one of several devices: beside the others of its device, if it is small enough. */
  #keyOnDevice(base: number): number {
    if (this.#key < DEVICE_KEYS) return base + this.#key;
    this.#device.low ^= this.#key | 0;
    this.#device.high ^= Math.floor(this.#key / 2 ** 32);
    return this.#device.value();
  }

  #countEmpty(): boolean {
    this.#empty++;
    return true;
  }

  /** A line that does not fit may be a header again, with other columns. @returns `true`: there is room for more */
  #readHeader(role: number, bytes: Uint8Array, start: number): boolean {
    const line = textOf(bytes, start, Math.min(bytes.indexOf(NEWLINE, start), start + HEADER_BYTES_MAX));
    const layout = this.#layout;
    if (layout.header) {
      const names = fieldsOf(line, layout.delimiter).map((name) => name.toLowerCase());
      const column = COLUMN_NAMES.find(
        (name) => layout[name] !== undefined && names.includes(layout[name].toLowerCase()),
      );
      if (column !== undefined) {
        this.#plan = planOf(this.path, layout, line, this.#optional);
        return true;
      }
    }
    const column = COLUMN_NAMES.find((name) => ROLES[name] === role);
    const what =
      column === undefined
        ? "has too few columns"
        : column === "op"
          ? "has an operation without meaning"
          : `has no ${column} in column ${layout[column]}`;
    throw this.badLine(what, bytes, start);
  }
}

/** Opens a file of columns by a layout. */
function opened(path: string, layout: CsvLayout, header: string, optional: readonly ColumnName[]): OpenedFormat {
  if (layout.key === undefined && layout.offset === undefined) {
    throw new TierError(
      "TRACE_FORMAT",
      `The trace ${path} has columns that nobody named; say which is what, as in csv:key=2:op=3:time=1 or ` +
        "csv:offset=2:unit=512:size=3:op=4.",
      { path },
    );
  }
  const plan = planOf(path, layout, layout.header ? header : undefined, optional);
  return {
    addresses: layout.addresses,
    times: (plan.wanted & (1 << ROLES.time)) !== 0,
    decoder: () => new CsvDecoder(path, layout, plan, optional),
  };
}

/** A format with a name whose columns are known. */
export function knownFormat(name: string, known: KnownLayout, optional: readonly ColumnName[] = []): FormatDefinition {
  return {
    summary: known.summary,
    isText: true,
    options: CSV_OPTIONS,
    recognise({ lines }) {
      const first = lines?.[0] ?? "";
      if (known.firstLine?.test(first)) return "certain";
      return known.possibleLine?.test(first) ? "possible" : "no";
    },
    open({ path, head: { lines }, options }: FormatSource): OpenedFormat {
      const first = lines?.[0] ?? "";
      return opened(path, layoutWith(path, name, known.layout, options, first), first, optional);
    },
  };
}

export const csv: FormatDefinition = {
  summary: "columns of your choice, as in csv:key=2:time=1; names of columns are enough where a header has them",
  isText: true,
  options: CSV_OPTIONS,
  recognise({ lines }) {
    const first = lines?.[0];
    return first !== undefined && layoutOfHeader(first) !== undefined && lines!.length > 1 ? "likely" : "no";
  },
  open({ path, head: { lines }, options }: FormatSource): OpenedFormat {
    const first = lines?.[0] ?? "";
    return opened(path, layoutWith(path, "csv", layoutOfHeader(first) ?? PLAIN_LAYOUT, options, first), first, []);
  },
};
