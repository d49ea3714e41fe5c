import fs from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { FileStore } from "../src/index.js";
import { failSystemCall } from "./failing-calls.js";

describe("FileStore without a path", () =>
  storeConformance({ describe, test }, () => ({ create: () => new FileStore() })));

describe("FileStore with a path", () =>
  storeConformance({ describe, test }, () => {
    const directory = fs.mkdtempSync(join(os.tmpdir(), "pagetier-test-"));
    return {
      create: () => new FileStore({ path: join(directory, "swap.img"), size: "1MiB" }),
      remove: () => fs.rmSync(directory, { recursive: true }),
    };
  }));

describe("FileStore whose system calls fail", () =>
  storeConformance({ describe, test }, () => ({
    create: () => new FileStore({ size: "1MiB", preallocate: true }),
    failAt: failSystemCall,
  })));
