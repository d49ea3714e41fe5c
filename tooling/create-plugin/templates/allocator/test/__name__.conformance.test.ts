import { zpoolConformance } from "@pagetier/allocator/conformance";
import { describe, test } from "vitest";
import { __Name__Pool } from "../src/index.js";

zpoolConformance({ describe, test }, (frames) => new __Name__Pool(frames));
