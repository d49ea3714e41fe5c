import { agreesWithModel, zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { SlubPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new SlubPool(frames, { classBytes: 64, cpus: 4 }));

describe("with a cache every 16 bytes on one processor", () => {
  agreesWithModel({ describe, test }, (frames) => new SlubPool(frames, { classBytes: 16, cpus: 1 }));
});
