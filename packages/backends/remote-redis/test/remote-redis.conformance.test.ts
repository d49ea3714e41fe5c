import { NO_REDIS, redisProgram } from "@pagetier/redis/testing";
import { remoteMemoryConformance } from "@pagetier/tmem/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { Machines } from "./engines.js";

describe.skipIf(redisProgram === undefined)(`engines as remote memory (${redisProgram ?? NO_REDIS})`, () => {
  let machines: Machines;
  beforeAll(async () => {
    machines = await Machines.start(2);
  });
  afterAll(() => machines?.stop());
  remoteMemoryConformance({ describe, test }, () => machines.candidate(), 5);
});
