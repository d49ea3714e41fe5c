import { describe, test } from "vitest";
import { swapWritebackConformance } from "../src/conformance/index.js";
import { fakeCandidate } from "./fake-candidate.js";

swapWritebackConformance({ describe, test }, fakeCandidate);
