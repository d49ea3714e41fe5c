import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { makePage, type StorePlace, storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { LmdbStore } from "../src/index.js";

const freshDirectory = (): string => fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));

/** A named database in a directory of its own, which loses power and rots. */
function placeIn(directory: string): StorePlace {
  const path = join(directory, "swap.mdb");
  return {
    create: () => new LmdbStore({ path, size: "1MiB" }),
    remove: () => fs.rmSync(directory, { recursive: true }),
    corrupt: (slot) => damage(path, makePage(slot)),
    record: () => {
      // LMDB writes in order and syncs each transaction: what a power cut can leave is the file as it is between two of them.
      const copies: string[] = [];
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
