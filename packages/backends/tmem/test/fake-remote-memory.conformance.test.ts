import { describe, test } from "vitest";
import { FakeRemoteMemory, remoteMemoryConformance } from "../src/conformance/index.js";
import { fakeCandidate } from "./fake-candidate.js";

for (const nodes of [2, 3]) {
  describe(`the fake with ${nodes} nodes`, () => {
    remoteMemoryConformance({ describe, test }, () => fakeCandidate(new FakeRemoteMemory({ nodes })));
  });
}
