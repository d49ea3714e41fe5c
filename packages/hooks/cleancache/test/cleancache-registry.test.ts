import assert from "node:assert/strict";
import { PAGE_SIZE } from "@pagetier/base";
import { rootContainer } from "@pagetier/di";
import { describe, test } from "vitest";
import { ReferenceCleancache, type ReferenceCleancacheOptions } from "../src/conformance/index.js";
import { CLEANCACHE_REGISTRY, type CleancacheHook, CleancacheRegistry, NO_POOL } from "../src/index.js";

const UUID = "00112233445566778899aabbccddeeff";
const first = new Uint8Array(PAGE_SIZE).fill(1);
const second = new Uint8Array(PAGE_SIZE).fill(2);

function setup(options: ReferenceCleancacheOptions = {}): {
  registry: CleancacheRegistry;
  backend: ReferenceCleancache;
} {
  const registry = new CleancacheRegistry();
  const backend = new ReferenceCleancache(options);
  registry.register(backend);
  return { registry, backend };
}

function get(registry: CleancacheHook, pool: number, file: number, index: number): string | Uint8Array {
  const page = new Uint8Array(PAGE_SIZE);
  const outcome = registry.getPage(pool, file, index, page);
  return outcome === "hit" ? page : outcome;
}

describe("the cleancache registry", () => {
  test("is made by a container", () => {
    const container = rootContainer.createChildContainer();
    container.register(CLEANCACHE_REGISTRY, { useClass: CleancacheRegistry });
    assert.equal(container.resolve<CleancacheHook>(CLEANCACHE_REGISTRY).initFs(), 0);
  });

  test("without a backend every get is a failed one and every put is counted", () => {
    const registry = new CleancacheRegistry();
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    assert.equal(get(registry, pool, 1, 0), "miss");
    registry.invalidatePage(pool, 1, 0);
    registry.invalidateInode(pool, 1);
    const { puts, failedGets, succGets, invalidates } = registry.counters();
    assert.deepEqual(
      { puts, failedGets, succGets, invalidates },
      { puts: 1, failedGets: 1, succGets: 0, invalidates: 0 },
    );
    registry.verify();
    registry.invalidateFs(pool);
    registry.verify();
  });

  test("passes puts and gets on", () => {
    const { registry } = setup();
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    assert.deepEqual(get(registry, pool, 1, 0), first);
    assert.equal(get(registry, pool, 1, 0), "miss");
    const { succGets, failedGets } = registry.counters();
    assert.deepEqual([succGets, failedGets], [1, 1]);
    registry.verify();
  });

  test("10.1-e file systems that were mounted before the backend get their pools when it comes", () => {
    const registry = new CleancacheRegistry();
    const early = registry.initFs();
    const shared = registry.initSharedFs(UUID);
    const gone = registry.initFs();
    registry.invalidateFs(gone);
    const backend = new ReferenceCleancache();
    registry.register(backend);
    registry.verify();
    assert.equal(backend.initSharedFs(UUID), 1, "only the two that are mounted have a pool");
    registry.putPage(early, 1, 0, first, true);
    registry.putPage(shared, 1, 0, second, true);
    assert.deepEqual(get(registry, early, 1, 0), first);
    assert.deepEqual(get(registry, shared, 1, 0), second);
  });

  test("10.1-e a mount while the backend makes pools", () => {
    const registry = new CleancacheRegistry();
    registry.initFs();
    const backend = new ReferenceCleancache();
    const initFs = backend.initFs.bind(backend);
    let inner = -1;
    backend.initFs = () => {
      if (inner < 0) inner = registry.initFs();
      return initFs();
    };
    registry.register(backend);
    registry.putPage(inner, 1, 0, first, true);
    assert.deepEqual(get(registry, inner, 1, 0), first);
    registry.verify();
  });

  test("a file system without a pool is left alone and not counted", () => {
    const { registry } = setup({ poolsMax: 1 });
    const pool = registry.initFs();
    const without = registry.initFs();
    registry.putPage(without, 1, 0, first, true);
    assert.equal(get(registry, without, 1, 0), "miss");
    registry.invalidatePage(without, 1, 0);
    registry.invalidateInode(without, 1);
    registry.invalidateFs(without);
    assert.deepEqual(registry.counters(), {
      mountedFs: 1,
      gets: 0,
      succGets: 0,
      failedGets: 0,
      remoteGets: 0,
      puts: 0,
      invalidates: 0,
    });
    registry.putPage(pool, 1, 0, first, true);
    assert.deepEqual(get(registry, pool, 1, 0), first);
    registry.verify();
  });

  test("an id is dead once its file system is unmounted, and starts empty when it is used again", () => {
    const { registry } = setup();
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    registry.invalidateFs(pool);
    assert.throws(() => get(registry, pool, 1, 0), /the file system is mounted/);
    assert.equal(registry.initFs(), pool);
    assert.equal(get(registry, pool, 1, 0), "miss");
    registry.verify();
  });

  test("10.1-k an index beyond 32 bits never reaches the backend", async () => {
    const { registry, backend } = setup();
    const pool = registry.initFs();
    backend.putPage = () => assert.fail("the backend is not asked");
    backend.getPage = () => assert.fail("the backend is not asked");
    backend.invalidatePage = () => assert.fail("the backend is not asked");
    registry.putPage(pool, 1, 2 ** 32, first, true);
    assert.equal(get(registry, pool, 1, 2 ** 32), "miss");
    assert.equal(await registry.fetch(pool, 1, 2 ** 32, new Uint8Array(PAGE_SIZE)), "miss");
    registry.invalidatePage(pool, 1, 2 ** 32);
    registry.verify();
  });

  test("mounts of one uuid share a pool, which goes with the last of them", () => {
    const { registry, backend } = setup();
    const one = registry.initSharedFs(UUID);
    const two = registry.initSharedFs(UUID.toUpperCase());
    assert.notEqual(one, two);
    registry.putPage(one, 1, 0, first, true);
    registry.invalidateFs(one);
    registry.verify();
    assert.deepEqual(get(registry, two, 1, 0), first);
    registry.invalidateFs(two);
    assert.equal(backend.counters().pages, 0);
    assert.equal(get(registry, registry.initSharedFs(UUID), 1, 0), "miss");
    registry.verify();
  });

  test("closes the backend", async () => {
    const { registry, backend } = setup();
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    await registry.close();
    assert.equal(backend.counters().pages, 0);
    await new CleancacheRegistry().close();
  });

  test("takes a uuid of 32 hex digits only, and one backend only", () => {
    const { registry } = setup();
    assert.throws(() => registry.initSharedFs("shared"), /32 hex digits/);
    assert.throws(() => registry.register(new ReferenceCleancache()), /one cleancache backend/);
    assert.equal(NO_POOL, -1);
  });
});

describe("fetching through the registry", () => {
  /** A backend that answers every fetch with a hit, however late. */
  function withLateAnswers(): { registry: CleancacheRegistry; pool: number; answer: () => void } {
    const { registry, backend } = setup({ remote: true });
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    backend.reclaim(1);
    let answer = () => {};
    backend.fetch = async () => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return "hit";
    };
    assert.equal(get(registry, pool, 1, 0), "remote");
    return { registry, pool, answer: () => answer() };
  }

  test("a remote page comes by fetch", async () => {
    const { registry, backend } = setup({ remote: true });
    const pool = registry.initFs();
    registry.putPage(pool, 1, 0, first, true);
    backend.reclaim(1);
    assert.equal(get(registry, pool, 1, 0), "remote");
    const page = new Uint8Array(PAGE_SIZE);
    assert.equal(await registry.fetch(pool, 1, 0, page), "hit");
    assert.deepEqual(page, first);
    const { gets, succGets, remoteGets } = registry.counters();
    assert.deepEqual({ gets, succGets, remoteGets }, { gets: 2, succGets: 1, remoteGets: 1 });
    registry.verify();
  });

  test("a fetch misses when its key was put or invalidated meanwhile", async () => {
    const meanwhile: ((registry: CleancacheRegistry, pool: number) => void)[] = [
      (registry, pool) => registry.putPage(pool, 1, 0, second, true),
      (registry, pool) => registry.invalidatePage(pool, 1, 0),
      (registry, pool) => registry.invalidateInode(pool, 1),
      (registry, pool) => registry.invalidateFs(pool),
    ];
    for (const happen of meanwhile) {
      const { registry, pool, answer } = withLateAnswers();
      const fetch = registry.fetch(pool, 1, 0, new Uint8Array(PAGE_SIZE));
      registry.verify();
      happen(registry, pool);
      answer();
      assert.equal(await fetch, "miss");
      registry.verify();
    }
  });

  test("a fetch is not disturbed by other keys", async () => {
    const { registry, pool, answer } = withLateAnswers();
    const fetch = registry.fetch(pool, 1, 0, new Uint8Array(PAGE_SIZE));
    registry.putPage(pool, 1, 1, second, true);
    registry.invalidateInode(pool, 2);
    answer();
    assert.equal(await fetch, "hit");
  });
});
