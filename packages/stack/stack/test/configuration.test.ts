import { createStack } from "@pagetier/stack";
import { expect, test } from "vitest";
import { type MapBackend, mapPlugin } from "./fakes.js";

test("a preset's configuration has every default filled in", async () => {
  await using stack = await createStack("zswap", { memory: "8MiB" });
  expect(stack.configuration).toMatchObject({
    memory: "8 MiB",
    frontswap: [
      { use: "zswap", maxPoolPercent: 20, allocator: { use: "zsmalloc", chainPages: 4 }, compressor: { use: "lz4" } },
    ],
    reclaim: { engine: "classic", trigger: "hooks", policy: { use: "two-list" }, swappiness: 60 },
    write: "back",
    swapSlots: "device",
    pageCluster: 3,
    swap: [{ use: "file", size: "auto", io: "async" }],
    background: { kswapdStepPages: 32, kswapdStepMs: 2 },
  });
});

test("it is plain data, whatever options are", async () => {
  const made: MapBackend[] = [];
  const stack = await createStack(
    { memory: "2MiB", frontswap: { use: "map", pagesMax: 9, compressor: "lz4", allocator: "kmalloc" } },
    { plugins: [mapPlugin([], made)] },
  );
  const { frontswap } = stack.configuration;
  expect(frontswap).toMatchObject([{ use: "map", pagesMax: 9, made: [], log: [] }]);
  expect(JSON.parse(JSON.stringify(stack.configuration))).toEqual(stack.configuration);
  await stack.close();
});
