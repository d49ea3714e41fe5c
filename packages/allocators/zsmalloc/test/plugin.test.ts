import { PageFrames } from "@pagetier/frames";
import { expect, test } from "vitest";
import { plugin, zsmalloc } from "../src/index.js";

test("options are completed with the newest kernel's", async () => {
  expect(await plugin.options["~standard"].validate({})).toMatchObject({
    value: { chainPages: 8, classes: "kernel-6.18" },
  });
});

test.each([{ chainPages: 0 }, { chainPages: 17 }, { chainPages: 1.5 }, { classes: "best" }, { pages: 4 }])(
  "the options %j are refused",
  async (options) => {
    expect(await plugin.options["~standard"].validate(options)).toHaveProperty("issues");
  },
);

test("a call names the plugin and its options", () => {
  expect(zsmalloc({ chainPages: 4 })).toEqual({ use: "zsmalloc", chainPages: 4 });
});

test("create makes a pool", () => {
  const frames = new PageFrames({ budgetBytes: 1 << 20 });
  const pool = plugin.create({ frames }, { chainPages: 4, classes: "kernel-6.1" });
  expect(pool.type).toBe(plugin.name);
});

test("a budget without room for the tables is refused in words, and nothing stays charged", () => {
  const frames = new PageFrames({ budgetBytes: 1 << 20 });
  while (frames.charge(1000));
  const before = frames.chargedBytes;
  expect(() => plugin.create({ frames }, { chainPages: 4, classes: "kernel-6.1" })).toThrow(
    /give the stack more memory/,
  );
  frames.uncharge(16_000);
  expect(() => plugin.create({ frames }, { chainPages: 8, classes: "kernel-6.18" })).toThrow(/zsmalloc needs/);
  expect(frames.chargedBytes).toBe(before - 16_000);
});
