import { zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { KmallocPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new KmallocPool(frames));
