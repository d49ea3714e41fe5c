// Files for the suite `readers`: the same requests in every format, as its layout has them.

import { BATCH_REQUESTS, generateTrace } from "@pagetier/trace";

/** How a format writes one request. */
export interface FileMaker {
  readonly name: string;
  readonly isText: boolean;
  /** Bytes before the first request. */
  head(): Uint8Array;
  /** Bytes of requests. @param first number of the first one */
  requests(keys: Float64Array, writes: Uint8Array, length: number, first: number): Uint8Array;
}

const REQUESTS_PER_SECOND = 1000;

/** Keys and writes of all requests: zipf. */
export async function* requestsOf(
  objects: number,
  requests: number,
): AsyncGenerator<{ keys: Float64Array; writes: Uint8Array; length: number }> {
  yield* generateTrace({ kind: "zipf", pages: objects, requests });
}

function records(
  name: string,
  bytes: number,
  put: (to: Buffer, at: number, key: number, write: number, index: number) => void,
  head = 0,
): FileMaker {
  const buffer = Buffer.alloc(BATCH_REQUESTS * bytes);
  return {
    name,
    isText: false,
    head: () => (head === 0 ? new Uint8Array(0) : lcsHeader(head)),
    requests(keys, writes, length, first) {
      for (let index = 0; index < length; index++)
        put(buffer, index * bytes, keys[index]!, writes[index]!, first + index);
      return buffer.subarray(0, length * bytes);
    },
  };
}

function lines(name: string, line: (key: number, write: number, index: number) => string, head = ""): FileMaker {
  return {
    name,
    isText: true,
    head: () => Buffer.from(head),
    requests(keys, writes, length, first) {
      let text = "";
      for (let index = 0; index < length; index++) text += line(keys[index]!, writes[index]!, first + index);
      return Buffer.from(text);
    },
  };
}

const LCS_HEADER_BYTES = 8192;

function lcsHeader(version: number): Uint8Array {
  const head = Buffer.alloc(LCS_HEADER_BYTES);
  head.writeBigUInt64LE(0x123456789abcdef0n, 0);
  head.writeBigUInt64LE(BigInt(version), 8);
  head.writeBigUInt64LE(0x123456789abcdef0n, LCS_HEADER_BYTES - 8);
  return head;
}

function second(index: number): number {
  return Math.floor(index / REQUESTS_PER_SECOND);
}

const LCS_VERSION = 3;
const TICKS_START = 128_166_372;

/** By the end of a file's name. */
export const MAKERS: readonly FileMaker[] = [
  records("u32", 4, (to, at, key, write) => to.writeUInt32LE(key * 2 + write, at)),
  records("oracleGeneral", 24, (to, at, key, _write, index) => {
    to.writeUInt32LE(second(index), at);
    to.writeUInt32LE(key, at + 4);
    to.writeUInt32LE(4096, at + 12);
    to.writeBigInt64LE(-1n, at + 16);
  }),
  records(
    "lcs",
    36,
    (to, at, key, write, index) => {
      to.writeUInt32LE(second(index), at);
      to.writeUInt32LE(key, at + 4);
      to.writeUInt32LE(4096, at + 12);
      to.writeUInt32LE(write === 1 ? 3 : 1, at + 20);
      to.writeBigInt64LE(-1n, at + 28);
    },
    LCS_VERSION,
  ),
  records("vscsi", 32, (to, at, key, write, index) => {
    to.writeUInt32LE(index >>> 0, at);
    to.writeUInt32LE(4096, at + 4);
    to.writeUInt16LE(write === 1 ? 0x2a : 0x28, at + 12);
    to.writeUInt16LE(0x0100, at + 14);
    to.writeUInt32LE(key * 8, at + 16);
    to.writeUInt32LE(index * 1000, at + 24);
  }),
  lines("text", (key, write) => `${key} ${write === 1 ? "w" : "r"}\n`),
  lines("arc", (key, _write, index) => `${key} 1 0 ${index}\n`),
  lines("msr", (key, write, index) => {
    const ticks = `${TICKS_START + second(index)}${String((index % REQUESTS_PER_SECOND) * 100_000).padStart(9, "0")}`;
    return `${ticks},usr,1,${write === 1 ? "Write" : "Read"},${key * 4096},4096,${index % 5000}\n`;
  }),
  lines(
    "twitter",
    (key, write, index) =>
      `${second(index)},nz:u:eeW511W3dcH3de3d15ec${key},24,116,${index % 50},${write === 1 ? "set" : "get"},0\n`,
  ),
  lines("csv", (key, write, index) => `${second(index)},${write === 1 ? "w" : "r"},${key}\n`, "time,op,key\n"),
  lines(
    "fio",
    (key, write, index) => `${index * 1000} disk ${write === 1 ? "write" : "read"} ${key * 4096} 4096\n`,
    "fio version 3 iolog\n0 disk add\n0 disk open\n",
  ),
  lines("lackey", (key, write) => ` ${write === 1 ? "S" : "L"} ${(key * 4096 + 0x1fff000000).toString(16)},8\n`),
  lines(
    "frontswap",
    (key, write, index) => `${index},${write === 1 ? "S" : "L"},0,${key},1\n`,
    "us,op,type,offset,ok\n",
  ),
];
