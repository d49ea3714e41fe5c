import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import { rootContainer } from "@pagetier/di";
import { test } from "vitest";
import { FRONTSWAP_REGISTRY, FRONTSWAP_REGISTRY_OPTIONS, type FrontswapHook, FrontswapRegistry } from "../src/index.js";

test("is made by a container from its options", () => {
  const container = rootContainer.createChildContainer();
  container.register(FRONTSWAP_REGISTRY_OPTIONS, { useValue: { writeThrough: true } });
  container.register(FRONTSWAP_REGISTRY, { useClass: FrontswapRegistry });
  const registry = container.resolve<FrontswapHook>(FRONTSWAP_REGISTRY);
  assert.equal(registry.writeThrough, true);
});

test("without a backend every store is refused and every load misses", () => {
  const registry = new FrontswapRegistry({ writeThrough: false });
  const page = new Uint8Array(PAGE_SIZE);
  registry.swapOn(0);
  assert.equal(registry.store(0, 7, page, "only"), "refused");
  assert.equal(registry.load(0, 7, page), "miss");
  assert.equal(registry.has(0, 7), false);
  assert.deepEqual({ ...registry.counters(), failedStores: 0 }, { ...new FrontswapRegistry(registry).counters() });
  assert.equal(registry.counters().failedStores, 1);
  registry.verify();
});
