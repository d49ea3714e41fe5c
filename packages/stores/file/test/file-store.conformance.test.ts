import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { PAGE_SIZE } from "@pagetier/base";
import { type StorePlace, storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { FileStore, type FileStoreOptions } from "../src/index.js";
import { failSystemCall, fillDisk } from "./failing-calls.js";
import { recordFiles } from "./recorded-files.js";

/** A named file in a directory of its own, whose device fails, fills up, loses power and rots. */
function placeIn(directory: string, options: FileStoreOptions): StorePlace {
  const path = join(directory, "swap.img");
  return {
    create: () => new FileStore({ path, size: "1MiB", ...options }),
    failAt: failSystemCall,
    fill: fillDisk,
    record: () => recordFiles(directory, (left) => placeIn(left, options)),
    remove: () => fs.rmSync(directory, { recursive: true }),
  };
}

const freshPlace = (options: FileStoreOptions): StorePlace =>
  placeIn(fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-")), options);

describe("FileStore without a path", () =>
  storeConformance({ describe, test }, () => ({ create: () => new FileStore(), fill: fillDisk })));

describe("FileStore without a path, with checksums", () =>
  storeConformance({ describe, test }, () => ({ create: () => new FileStore({ checksums: true }) })));

describe("FileStore with a path", () => storeConformance({ describe, test }, () => freshPlace({})));

describe("FileStore with a path and checksums", () =>
  storeConformance({ describe, test }, () => {
    const directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
    return {
      ...placeIn(directory, { checksums: true }),
      corrupt: (slot) => {
        const descriptor = fs.openSync(join(directory, "swap.img"), "r+");
        const byte = new Uint8Array(1);
        fs.readSync(descriptor, byte, 0, 1, slot * PAGE_SIZE + 1234);
        byte[0]! ^= 4;
        fs.writeSync(descriptor, byte, 0, 1, slot * PAGE_SIZE + 1234);
        fs.closeSync(descriptor);
      },
    };
  }));

describe("FileStore that is preallocated and whose system calls fail", () =>
  storeConformance({ describe, test }, () => ({
    create: () => new FileStore({ size: "1MiB", preallocate: true }),
    failAt: failSystemCall,
    fill: fillDisk,
  })));
