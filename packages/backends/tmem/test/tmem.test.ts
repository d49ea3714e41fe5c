import assert from "node:assert/strict";
import { describe, test } from "vitest";
import {
  HOST_FLAG,
  IN_TRANSIT,
  kindOf,
  LOCAL,
  MARKER,
  NO_PAGE,
  NO_TMEM_POOL,
  pampdMeta,
  REMOTE,
  SWAP_OBJECTS,
  swapIndex,
  swapOffsetOf,
  swapOid,
  swapTypeOf,
  Tmem,
} from "../src/index.js";
import { codecOf, isInTransit, lengthOf } from "../src/pampd.js";
import { LimitedAccountant, NumberHost } from "./tmem-host.js";

const UUID = "00112233445566778899aabbccddeeff";

describe("pools", () => {
  test("a private ephemeral pool gives its pages away, a persistent and a shared one keep them", () => {
    const host = new NumberHost();
    const ephemeral = host.tmem.newPool("ephemeral");
    const persistent = host.tmem.newPool("persistent");
    const shared = host.tmem.newPool("ephemeral", UUID);
    for (const pool of [ephemeral, persistent, shared]) host.put(pool, 1, 0);
    assert.deepEqual([host.get(ephemeral, 1, 0), host.get(ephemeral, 1, 0)], [1, 0]);
    assert.deepEqual([host.get(persistent, 1, 0), host.get(persistent, 1, 0)], [2, 2]);
    assert.deepEqual([host.get(shared, 1, 0), host.get(shared, 1, 0)], [3, 3]);
    assert.deepEqual([host.get(persistent, 1, 0, true), host.get(persistent, 1, 0)], [2, 0]);
    host.verify();
  });

  test("clients of one uuid share a pool, which goes with the last of them", () => {
    const host = new NumberHost();
    const one = host.tmem.newPool("ephemeral", UUID);
    assert.equal(host.tmem.newPool("ephemeral", UUID), one);
    assert.equal(host.tmem.newPool("persistent", UUID), NO_TMEM_POOL, "kinds do not mix");
    host.put(one, 1, 0);
    assert.equal(host.tmem.destroyPool(one), 0, "another client has it open");
    assert.equal(host.get(one, 1, 0), 1);
    assert.equal(host.tmem.destroyPool(one), 1);
    assert.ok(!host.tmem.isOpen(one));
    assert.equal(host.held.size, 0);
    host.verify();
  });

  test("10.1-j a pool id that is used again starts empty", () => {
    const host = new NumberHost();
    for (let round = 0; round < 5; round++) {
      const pool = host.tmem.newPool("ephemeral");
      assert.equal(pool, 0);
      assert.equal(host.get(pool, 7, 7), 0);
      host.put(pool, 7, 7);
      assert.equal(host.tmem.destroyPool(pool), 1);
      host.verify();
    }
  });

  test("there are as many pools as may be", () => {
    const { tmem } = new NumberHost(undefined, { poolsMax: 2 });
    assert.deepEqual(
      [tmem.newPool("persistent"), tmem.newPool("ephemeral"), tmem.newPool("ephemeral")],
      [0, 1, NO_TMEM_POOL],
    );
    tmem.destroyPool(0);
    assert.equal(tmem.newPool("ephemeral"), 0);
  });
});

describe("pages", () => {
  test("keeps the edges of the key apart", () => {
    const host = new NumberHost();
    const pools = [host.tmem.newPool("persistent"), host.tmem.newPool("ephemeral")];
    const words = new Map<string, number>();
    for (const pool of pools) {
      for (const oid of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
        for (const index of [0, 1, 63, 64, 2 ** 32 - 1])
          words.set(`${pool}/${oid}/${index}`, host.put(pool, oid, index));
      }
    }
    host.verify();
    for (const [key, word] of words) {
      const [pool, oid, index] = key.split("/").map(Number);
      const page = host.tmem.find(pool!, oid!, index!);
      assert.deepEqual([host.tmem.poolOf(page), host.tmem.oidOf(page), host.tmem.indexOf(page)], [pool, oid, index]);
      assert.equal(host.get(pool!, oid!, index!), word);
    }
  });

  test("10.1-k an index beyond 32 bits is refused, not taken for another", () => {
    const host = new NumberHost();
    const pool = host.tmem.newPool("persistent");
    const word = host.put(pool, 1, 5);
    assert.equal(host.put(pool, 1, 5 + 2 ** 32), 0);
    assert.equal(host.put(pool, 2 ** 53, 5), 0);
    assert.equal(host.get(pool, 1, 5 + 2 ** 32), 0);
    assert.ok(!host.tmem.flushPage(pool, 1, 5 + 2 ** 32));
    assert.equal(host.tmem.flushObject(pool, 2 ** 53), 0);
    assert.equal(host.get(pool, 1, 5), word);
    host.verify();
  });

  test("10.1-a a put that gets no memory leaves no older page", () => {
    for (let charges = 0; charges < 8; charges++) {
      const accountant = new LimitedAccountant(charges);
      const host = new NumberHost(accountant);
      const pool = host.tmem.newPool("persistent");
      let puts = 0;
      while (puts < 10_000 && host.put(pool, puts, 0) !== 0) puts++;
      if (puts === 10_000) continue;
      assert.ok(puts === 0 || host.tmem.pages === puts);
      accountant.left = 0;
      host.put(pool, 0, 1);
      assert.equal(host.get(pool, 0, 1), 0, "nothing half-made is left");
      // The record of the page that goes is free for the one that comes: a put over a page always has memory.
      if (puts > 0) assert.notEqual(host.put(pool, 0, 0), 0);
      host.verify();
      host.tmem.destroyPool(pool);
      assert.equal(host.held.size, 0);
      host.verify();
    }
  });

  test("a page that cannot be read and may go is removed, and stays away", () => {
    const host = new NumberHost();
    const pool = host.tmem.newPool("ephemeral");
    host.damaged.add(host.put(pool, 1, 0));
    assert.equal(host.get(pool, 1, 0), 0);
    host.damaged.clear();
    assert.equal(host.get(pool, 1, 0), 0, "a miss stays a miss");
    host.verify();
  });

  test("flushing an object drops its pages, tells the host so, and no others", () => {
    const host = new NumberHost();
    const pool = host.tmem.newPool("persistent");
    for (let index = 0; index < 100; index++) host.put(pool, 1, index);
    const other = host.put(pool, 2, 0);
    host.tmem.setExtra(host.tmem.findObject(pool, 1), 77);
    assert.equal(host.tmem.flushObject(pool, 1), 100);
    assert.equal(host.wholeObjectPages, 100);
    assert.deepEqual(host.objectsFreed, [77]);
    assert.equal(host.tmem.findObject(pool, 1), 0);
    assert.equal(host.get(pool, 2, 0), other);
    assert.equal(host.tmem.flushObject(pool, 1), 0);
    host.verify();
  });

  test("an object goes with its last page", () => {
    const host = new NumberHost();
    const pool = host.tmem.newPool("persistent");
    host.put(pool, 1, 0);
    host.put(pool, 1, 1);
    assert.ok(host.tmem.flushPage(pool, 1, 0));
    assert.equal(host.tmem.pagesOf(host.tmem.findObject(pool, 1)), 1);
    assert.ok(host.tmem.flushPage(pool, 1, 1));
    assert.equal(host.objectsFreed.length, 1);
    assert.ok(!host.tmem.flushPage(pool, 1, 1));
    host.verify();
  });
});

describe("remote pages", () => {
  test("10.7-b a page that was put again meanwhile is not replaced", () => {
    const host = new NumberHost();
    const { tmem } = host;
    const pool = tmem.newPool("persistent");
    host.put(pool, 1, 0);
    const page = tmem.find(pool, 1, 0);
    const generation = tmem.generationOf(page);
    const newer = host.put(pool, 1, 0);
    assert.equal(tmem.find(pool, 1, 0), page, "the number is given out again at once");
    assert.ok(!tmem.replace(page, generation, 1000, pampdMeta(REMOTE, 100)));
    assert.equal(host.get(pool, 1, 0), newer);
    host.verify();
  });

  test("a page that is remote or on its way is not read here", () => {
    const host = new NumberHost();
    const { tmem } = host;
    const pool = tmem.newPool("ephemeral");
    const word = host.put(pool, 1, 0);
    const page = tmem.find(pool, 1, 0);
    const meta = pampdMeta(REMOTE, 100);
    assert.ok(tmem.replace(page, tmem.generationOf(page), 9, meta));
    host.held.delete(word);
    host.held.set(9, meta);
    assert.equal(tmem.get(pool, 1, 0, new Uint8Array(4)), "remote");
    tmem.setMeta(page, meta | IN_TRANSIT);
    host.held.set(9, meta | IN_TRANSIT);
    assert.equal(tmem.get(pool, 1, 0, new Uint8Array(4)), "remote");
    assert.ok(tmem.flushPage(pool, 1, 0));
    host.verify();
  });

  test("10.3-i no two kinds of page share an encoding", () => {
    const seen = new Set<number>();
    for (const kind of [LOCAL, MARKER, REMOTE] as const) {
      for (const length of [0, 1, 2, 4095, 4096]) {
        for (const codec of [0, 1, 2, 255]) {
          for (const flags of [0, IN_TRANSIT, HOST_FLAG, HOST_FLAG << 7, IN_TRANSIT | (HOST_FLAG << 7)]) {
            const meta = pampdMeta(kind, length, codec, flags);
            assert.deepEqual(
              [kindOf(meta), lengthOf(meta), codecOf(meta), isInTransit(meta)],
              [kind, length, codec, (flags & IN_TRANSIT) !== 0],
            );
            assert.ok(meta !== 0 && !seen.has(meta));
            seen.add(meta);
          }
        }
      }
    }
  });
});

test("a slot's key leads back to it, and slots spread over the area's objects", () => {
  const oids = new Set<number>();
  for (const type of [0, 1, 31]) {
    for (const offset of [0, 1, 255, 256, 70_000, 2 ** 26 - 1]) {
      const oid = swapOid(type, offset);
      assert.equal(swapTypeOf(oid), type);
      assert.equal(swapOffsetOf(oid, swapIndex(offset)), offset);
      assert.ok(oid >= type * SWAP_OBJECTS && oid < (type + 1) * SWAP_OBJECTS);
      oids.add(oid);
    }
  }
  assert.equal(oids.size, 3 * 4);
});

test("what is looked up before the first put is not there", () => {
  const tmem = new Tmem({ readPage: () => false, freePage: () => undefined }, new LimitedAccountant(0));
  const pool = tmem.newPool("ephemeral");
  assert.equal(tmem.find(pool, 1, 1), NO_PAGE);
  assert.equal(tmem.flushObject(pool, 1), 0);
  assert.equal(tmem.find(9, 1, 1), NO_PAGE);
  tmem.verify();
});
