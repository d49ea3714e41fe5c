import { NO_REDIS, RedisServer, redisProgram } from "@pagetier/redis/testing";
import { durability, lifecycle, readingAndWriting, storeConformance } from "@pagetier/store/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { storeAt } from "./engines.js";

describe.skipIf(redisProgram === undefined)(`a store in an engine (${redisProgram ?? NO_REDIS})`, () => {
  let server: RedisServer;
  let durable: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
    durable = await RedisServer.start(["--appendonly", "yes", "--appendfsync", "always"]);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await durable?.[Symbol.asyncDispose]();
  });

  describe("private", () => {
    storeConformance({ describe, test }, () => ({ create: () => storeAt(server.url, { size: "1MiB" }) }));
  });

  describe("named and durable", () => {
    let count = 0;
    const factory = () => {
      const name = `kit-${count++}`;
      return { create: () => storeAt(durable.url, { size: "1MiB", name, durable: true }) };
    };
    // Each write is on disk before it is answered; what does not depend on that is looked at above.
    for (const group of [readingAndWriting, lifecycle, durability]) group({ describe, test }, factory);
  });
});
