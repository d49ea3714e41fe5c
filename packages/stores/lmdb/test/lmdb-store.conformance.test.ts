import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { makePage, type StorePlace, storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { LmdbStore } from "../src/index.js";

// Each transaction is synced, some thousand in all. The kit cuts the power by copies of the file, so where there is a RAM disk
// nothing is gained by waiting for a real one.
const parent = hasRamDisk() ? "/dev/shm" : os.tmpdir();
const freshDirectory = (): string => fs.mkdtempSync(join(parent, "pagetier-test-"));

function hasRamDisk(): boolean {
  if (!fs.existsSync("/dev/shm")) return false;
  const { bavail, bsize } = fs.statfsSync("/dev/shm");
  return bavail * bsize > 2 ** 30; // Copies of the file take some hundred MiB; containers often have 64.
}

/** A named database in a directory of its own, which loses power and rots. */
function placeIn(directory: string): StorePlace {
  const path = join(directory, "swap.mdb");
  const copies: string[] = [];
  return {
    create: () => new LmdbStore({ path, size: "1MiB" }),
    remove: () => {
      for (const each of [directory, ...copies]) fs.rmSync(each, { recursive: true });
    },
    corrupt: (slot) => damage(path, makePage(slot)),
    record: () => {
      // LMDB writes in order and syncs each transaction: what a power cut can leave is the file as it is between two of them.
      return {
        events: () => {
          const copy = freshDirectory();
          if (fs.existsSync(path)) fs.copyFileSync(path, join(copy, "swap.mdb"), fs.constants.COPYFILE_FICLONE);
          copies.push(copy);
          return copies.length;
        },
        stop: () => undefined,
        cut: (events) => {
          const left = freshDirectory();
          const copy = copies[events - 1];
          if (copy !== undefined) fs.cpSync(copy, left, { recursive: true });
          return placeIn(left);
        },
      };
    },
  };
}

/** Changes a page wherever the file has it, old copies included. */
function damage(path: string, page: Uint8Array): void {
  const bytes = fs.readFileSync(path);
  for (let at = bytes.indexOf(page.subarray(0, 64)); at >= 0; at = bytes.indexOf(page.subarray(0, 64), at + 1)) {
    bytes[at + 1234]! ^= 4;
  }
  fs.writeFileSync(path, bytes);
}

describe("LmdbStore without a path", () =>
  storeConformance({ describe, test }, () => ({ create: () => new LmdbStore() })));

describe("LmdbStore with a path", () => storeConformance({ describe, test }, () => placeIn(freshDirectory())));
