import { zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { Z3foldPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new Z3foldPool(frames));
