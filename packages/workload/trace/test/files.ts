import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** Where the full traces and page files lie, if they are here; `undefined` otherwise. */
export function sharedFolder(): string | undefined {
  const path = fileURLToPath(new URL("../../../../../shared/", import.meta.url));
  return existsSync(`${path}traces/expected.json`) ? path : undefined;
}

/** A folder for the files of one test file, removed afterwards. Returns a function that writes a file and tells its path. */
export function scratchFolder(): (name: string, bytes: Uint8Array | string) => string {
  const folder = mkdtempSync(join(tmpdir(), "pagetier-trace-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
}

/** The bytes of a `.u32` trace. */
export function u32Bytes(requests: readonly (readonly [key: number, write: number])[]): Buffer {
  const bytes = Buffer.alloc(requests.length * 4);
  requests.forEach(([key, write], index) => {
    bytes.writeUInt32LE(key * 2 + write, index * 4);
  });
  return bytes;
}

/** The bytes of an oracleGeneral trace, with true next accesses. */
export function oracleGeneralBytes(ids: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(ids.length * 24);
  ids.forEach((id, index) => {
    const next = ids.indexOf(id, index + 1);
    bytes.writeUInt32LE(1000 + index, index * 24);
    bytes.writeBigUInt64LE(id, index * 24 + 4);
    bytes.writeUInt32LE(4096, index * 24 + 12);
    bytes.writeBigInt64LE(next < 0 ? -1n : BigInt(next + 1), index * 24 + 16);
  });
  return bytes;
}
