import { agreesWithModel, zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { ZsmallocPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new ZsmallocPool(frames, { chainPages: 8, classes: "kernel-6.18" }));

describe("with a chain of 4 and the older formula", () => {
  zpoolConformance({ describe, test }, (frames) => new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.1" }));
});

describe.each([1, 16])("with a chain of %i", (chainPages) => {
  agreesWithModel({ describe, test }, (frames) => new ZsmallocPool(frames, { chainPages, classes: "kernel-6.18" }));
});
