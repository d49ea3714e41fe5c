import { storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { MemoryStore } from "../src/index.js";

describe("MemoryStore", () => storeConformance({ describe, test }, () => ({ create: () => new MemoryStore() })));

describe("MemoryStore with a size", () =>
  storeConformance({ describe, test }, () => ({ create: () => new MemoryStore({ size: "1MiB" }) })));
