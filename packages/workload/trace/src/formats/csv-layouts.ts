// Which column is what, in formats of one line per request with columns between separators.

import type { TraceAddresses } from "../trace.js";
import { REQUEST_OPS } from "../trace.js";
import { NO_REQUEST } from "./operations.js";

/** Columns, each by its name in a header line or by its number from 1. */
export interface CsvColumns {
  /** What is asked for, by name or number. */
  readonly key?: string;
  /** Where it lies on a device; instead of `key`. */
  readonly offset?: string;
  /** With `offset`: how much from there on. */
  readonly size?: string;
  /** Device, disk or file; several columns are joined with `+`. */
  readonly device?: string;
  readonly op?: string;
  readonly time?: string;
  /** How often the request was made. */
  readonly repeat?: string;
}

export interface CsvLayout extends CsvColumns {
  readonly addresses: TraceAddresses;
  /** Nanoseconds of a unit of time. */
  readonly timeUnitNs: number;
  /** Bytes of a unit of `offset`, and of `size`. */
  readonly unitBytes: number;
  readonly sizeUnitBytes: number;
  readonly delimiter: string;
  /** Whether the first line names the columns. */
  readonly header: boolean;
  /** Words for operations beside the usual ones, in lower case: of REQUEST_OPS, or {@link NO_REQUEST}. */
  readonly words: Readonly<Record<string, number>>;
}

/** Nanoseconds of a unit of time, by its name. */
export const TIME_UNITS: Readonly<Record<string, number>> = {
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  ns: 1,
  "100ns": 100,
};

export const PLAIN_LAYOUT: CsvLayout = {
  addresses: "keys",
  timeUnitNs: 1e9,
  unitBytes: 1,
  sizeUnitBytes: 1,
  delimiter: ",",
  header: false,
  words: {},
};

const { read, write, free } = REQUEST_OPS;
const BLOCKS = { ...PLAIN_LAYOUT, addresses: "blocks" } as const;
const OBJECTS = { ...PLAIN_LAYOUT, addresses: "objects" } as const;

/** A known layout, and how its first line is told. */
export interface KnownLayout {
  readonly summary: string;
  readonly layout: CsvLayout;
  /** The first line of a file. A layout whose lines look like others' has none: it has to be named. */
  readonly firstLine?: RegExp;
  /** What other formats' first lines could be too. */
  readonly possibleLine?: RegExp;
}

/** Layouts that have a name. */
export const KNOWN_LAYOUTS = {
  msr: {
    summary: "MSR Cambridge: Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime",
    layout: { ...BLOCKS, time: "1", timeUnitNs: 100, device: "2+3", op: "4", offset: "5", size: "6" },
    firstLine: /^\d{15,19},[^,]*,\d+,(read|write),\d+,\d+,\d+\s*$/i,
  },
  spc: {
    summary: "SPC (UMass): ASU,LBA,Size,Opcode,Timestamp",
    layout: { ...BLOCKS, device: "1", offset: "2", unitBytes: 512, size: "3", op: "4", time: "5" },
    firstLine: /^\s*\d+,\d+,\d+,[rw],\d+(\.\d+)?\s*(,.*)?$/i,
  },
  systor: {
    summary: "Systor '17: Timestamp,Response,IOType,LUN,Offset,Size with a header",
    layout: { ...BLOCKS, time: "Timestamp", op: "IOType", device: "LUN", offset: "Offset", size: "Size", header: true },
    firstLine: /^timestamp,response,iotype,lun,offset,size\s*$/i,
  },
  alibaba: {
    summary: "Alibaba 2020: device_id,opcode,offset,length,timestamp",
    layout: { ...BLOCKS, device: "1", op: "2", offset: "3", size: "4", time: "5", timeUnitNs: 1e3 },
    firstLine: /^\d+,[rw],\d+,\d+,\d+\s*$/i,
  },
  tencent: {
    summary: "Tencent CBS: Timestamp,Offset,Size,IOType,VolumeID",
    layout: {
      ...BLOCKS,
      time: "1",
      offset: "2",
      unitBytes: 512,
      size: "3",
      sizeUnitBytes: 512,
      op: "4",
      device: "5",
      words: { 0: read, 1: write },
    },
    possibleLine: /^\d{9,10},\d+,\d+,[01],\d+\s*$/,
  },
  k5cloud: {
    summary: "K5cloud: VolumeID,Timestamp,Op,Offset,Size",
    layout: { ...BLOCKS, device: "1", time: "2", op: "3", offset: "4", size: "5" },
    firstLine: /^\d+,\d+(\.\d+)?,[rw],\d+,\d+\s*$/i,
  },
  twitter: {
    summary: "Twitter: timestamp,key,key_size,value_size,client,op,ttl",
    layout: { ...OBJECTS, time: "1", key: "2", op: "6" },
    firstLine: /^\d+,[^,]+,\d+,\d+,\d+,(gets?|set|add|replace|cas|append|prepend|delete|incr|decr),\d+\s*$/i,
  },
  cachelib: {
    summary: "CacheLib's key-value traces, columns by the header: key,op,size,op_count,… or op_time,key,…",
    layout: { ...OBJECTS, key: "key", op: "op", time: "op_time", repeat: "op_count", header: true },
    firstLine: /^(?=.*\bkey\b)(?=.*\bop\b)(?=.*\bop_count\b)[\w,]+\s*$/,
  },
  frontswap: {
    summary: "frontswap operations of a kernel: us,op,type,offset,ok",
    layout: {
      ...PLAIN_LAYOUT,
      addresses: "memory",
      time: "us",
      timeUnitNs: 1e3,
      op: "op",
      device: "type",
      offset: "offset",
      unitBytes: 4096,
      header: true,
      words: { s: write, l: read, i: free, a: NO_REQUEST, w: NO_REQUEST },
    },
    firstLine: /^us,op,type,offset,ok\s*$/,
  },
} as const satisfies Record<string, KnownLayout>;
