import { storeConformance } from "@pagetier/store/conformance";
import { describe, test } from "vitest";
import { __Name__Store } from "../src/index.js";

storeConformance({ describe, test }, () => ({ create: () => new __Name__Store(1024) }));
