// What operations of many systems mean to a page: it is read, written, or given up.

import { REQUEST_OPS } from "../trace.js";

const { read, write, free } = REQUEST_OPS;

/** Not a request for a page: left out and counted. */
export const NO_REQUEST = 3;

/** libCacheSim's codes. */
const CACHE_OPS = [
  "nop",
  "get",
  "gets",
  "set",
  "add",
  "cas",
  "replace",
  "append",
  "prepend",
  "delete",
  "incr",
  "decr",
  "read",
  "write",
  "update",
];

/** SCSI commands that read or write blocks, of REQUEST_OPS. */
export const SCSI_COMMANDS: ReadonlyMap<number, number> = new Map([
  ...[0x08, 0x28, 0xa8, 0x88].map((command) => [command, read] as const),
  ...[0x0a, 0x2a, 0xaa, 0x8a].map((command) => [command, write] as const),
]);

const READS = ["r", "rs", "read", "load", "get", "gets", "get_lease", "nop"];
const WRITES = ["w", "ws", "write", "store", "set", "set_lease", "add", "cas", "replace", "append", "prepend"];
const MORE_WRITES = ["incr", "decr", "put", "update"];
const FREES = ["f", "free", "d", "delete", "del", "trim", "discard", "unmap"];

/** Words for what is asked of a device, a cache or memory, in lower case; SCSI commands in two hexadecimal digits. */
export const OPERATION_WORDS: ReadonlyMap<string, number> = new Map([
  ...READS.map((word) => [word, read] as const),
  ...[...WRITES, ...MORE_WRITES].map((word) => [word, write] as const),
  ...FREES.map((word) => [word, free] as const),
  ...[...SCSI_COMMANDS].map(([command, op]) => [command.toString(16).padStart(2, "0"), op] as const),
]);

/** Of {@link REQUEST_OPS} by libCacheSim's code. */
export const CACHE_OP_CODES: readonly number[] = CACHE_OPS.map((word) => OPERATION_WORDS.get(word)!);
