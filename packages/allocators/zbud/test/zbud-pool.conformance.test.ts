import { zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { ZbudPool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new ZbudPool(frames));
