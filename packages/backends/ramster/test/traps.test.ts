// The traps of RAMster, one by one, with machines whose messages a test delivers as it likes.

import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, realScheduler, TierError, UNCHARGED } from "@pagetier/base";
import { SIMULATED_SCHEMA, SimulatedHolders } from "@pagetier/remote-simulated";
import { RemoteOwner } from "@pagetier/tmem";
import { FaultyHolders } from "@pagetier/tmem/conformance";
import { describe, test } from "vitest";
import { type Bed, bed, pageOf, shrinkControl, turns } from "./bed.js";

/** Reads a page as MM does: load, then fetch. @returns the page, or what there was instead */
async function read({ ramster: { frontswap } }: Bed, offset: number): Promise<Uint8Array | string> {
  const into = new Uint8Array(PAGE_SIZE);
  try {
    let outcome: string = frontswap.load(0, offset, into);
    if (outcome === "remote") outcome = await frontswap.fetch(0, offset, into);
    return outcome === "miss" ? outcome : into;
  } catch (error) {
    assert.ok(TierError.is(error), String(error));
    return error.code;
  }
}

async function readFile({ ramster: { cleancache } }: Bed, pool: number, index: number): Promise<Uint8Array | string> {
  const into = new Uint8Array(PAGE_SIZE);
  let outcome: string = cleancache.getPage(pool, 1, index, into);
  if (outcome === "remote") outcome = await cleancache.fetch(pool, 1, index, into);
  return outcome === "miss" ? outcome : into;
}

function store({ ramster: { frontswap } }: Bed, offset: number, seed: number): void {
  assert.equal(frontswap.store(0, offset, pageOf(seed), "only"), "stored");
}

function pushOut({ ramster }: Bed, pages = 1): void {
  ramster.scanObjects(shrinkControl(pages));
}

/** Stores a page and lets it arrive at another machine. */
async function away(made: Bed, offset: number, seed: number): Promise<void> {
  store(made, offset, seed);
  pushOut(made);
  await turns();
  assert.equal(made.ramster.frontswap.storedBytes(0, offset), -1, "the page went");
}

/** Everything is swept up, and nothing is held but what is counted. */
async function end(made: Bed): Promise<void> {
  made.remote.network.release();
  for (const node of made.remote.nodes) node.reachable = true;
  await turns(60);
  made.ramster.frontswap.verify();
  const { remotePersistentPages = 0, remoteEphemeralPages = 0, lostPages = 0 } = made.ramster.frontswap.counters();
  if (lostPages === 0) assert.equal(made.remote.heldPages(), remotePersistentPages + remoteEphemeralPages);
  made.ramster.frontswap.invalidateArea(0);
  await turns(60);
  await made.ramster.frontswap.close();
  await made.ramster.cleancache.close();
  while ((await made.remote.sweep(100)) > 0);
  const left = made.remote.nodes.reduce((sum, node) => sum + node.pages("persistent"), 0);
  assert.equal(left, 0, "10.7-i no page that must be kept is foreign any more");
  assert.equal(made.writeback.outstanding, 0, "no claim was kept");
}

describe("traps", () => {
  test("10.7-a put, flush, put at the same holder, in any order of arrival: the last put wins", async () => {
    for (const reversed of [false, true]) {
      const made = bed();
      await away(made, 1, 1);
      made.remote.network.reorder(reversed);
      for (let seed = 2; seed < 6; seed++) {
        made.ramster.frontswap.invalidatePage(0, 1);
        store(made, 1, seed);
        pushOut(made);
        if (seed % 2 === 0) await turns(1);
      }
      await turns(40);
      made.remote.network.reorder(false);
      assert.deepEqual(await read(made, 1), pageOf(5));
      await end(made);
    }
  });

  test("10.7-b a page put again between its copy and its replacement: the new one stays here, the old one is forgotten there", async () => {
    const made = bed();
    store(made, 1, 1);
    made.remote.network.hold();
    pushOut(made);
    store(made, 1, 2);
    assert.deepEqual(await read(made, 1), pageOf(2), "it is here at once");
    pushOut(made); // Not while something of the key is on its way.
    made.remote.network.release();
    await turns(40);
    assert.deepEqual(await read(made, 1), pageOf(2));
    assert.equal(made.ramster.frontswap.counters().obsoleteRemotePuts, 1);
    assert.equal(made.remote.heldPages(), 0, "what arrived late is swept away");
    await end(made);
  });

  test("4.12 a page that was flushed while it was sent leaves nothing there", async () => {
    const made = bed();
    store(made, 1, 1);
    made.remote.network.hold();
    pushOut(made);
    made.ramster.frontswap.invalidatePage(0, 1);
    made.remote.network.release();
    await turns(40);
    assert.equal(made.remote.heldPages(), 0);
    assert.equal(await read(made, 1), "miss");
    await end(made);
  });

  test("4.12 a page on its way out is readable, and counts as here", async () => {
    const made = bed();
    store(made, 1, 1);
    made.remote.network.hold();
    pushOut(made);
    assert.deepEqual(await read(made, 1), pageOf(1));
    assert.ok(made.ramster.frontswap.storedBytes(0, 1) > 0);
    await end(made);
  });

  test("10.7-c a late answer finds the page flushed, put again, or as it was", async () => {
    const made = bed();
    const into = new Uint8Array(PAGE_SIZE);
    const { frontswap } = made.ramster;
    for (const meanwhile of [
      () => frontswap.invalidatePage(0, 1),
      () => frontswap.invalidateArea(0),
      () => store(made, 1, 9),
    ]) {
      await away(made, 1, 1);
      made.remote.network.hold();
      const fetch = frontswap.fetch(0, 1, into);
      meanwhile();
      made.remote.network.release();
      assert.equal(await fetch, "miss");
      frontswap.invalidateArea(0);
      await turns(40);
    }
    await away(made, 1, 1);
    assert.equal(await frontswap.fetch(0, 1, into), "hit");
    assert.deepEqual(into, pageOf(1));
    await end(made);
  });

  test("10.7-c an answer without the page: a file page is a miss and stays one, a page that must be kept is lost", async () => {
    const made = bed();
    const pool = made.ramster.cleancache.initFs();
    made.ramster.cleancache.putPage(pool, 1, 0, pageOf(1), true);
    pushOut(made);
    await away(made, 1, 2);
    for (const node of made.remote.nodes) node.restart();
    assert.equal(await readFile(made, pool, 0), "miss");
    assert.equal(await readFile(made, pool, 0), "miss");
    for (let count = 0; count < 2; count++) assert.equal(await read(made, 1), "FRONTSWAP_LOST");
    assert.equal(made.ramster.frontswap.counters().lostPages, 1, "counted once");
    await end(made);
  });

  test("10.7-d two gets of a remote page at a time: one transfer, and both have it", async () => {
    const made = bed();
    await away(made, 1, 1);
    const gets = made.remote.counters().gets!;
    const pages = await Promise.all([read(made, 1), read(made, 1)]);
    for (const page of pages) assert.deepEqual(page, pageOf(1));
    assert.equal(made.remote.counters().gets, gets + 1);
    assert.equal(made.remote.heldPages(), 1, "it is still there, once");
    await end(made);
  });

  test("10.7-e the holder dies: a page that must be kept is an error and no disk read, a file page a miss and no entry", async () => {
    const made = bed();
    const pool = made.ramster.cleancache.initFs();
    made.ramster.cleancache.putPage(pool, 1, 0, pageOf(1), true);
    pushOut(made);
    await away(made, 1, 2);
    await away(made, 2, 3);
    for (const node of made.remote.nodes) node.reachable = false;
    assert.equal(await read(made, 1), "FRONTSWAP_LOST", "it does not answer");
    assert.equal(await readFile(made, pool, 0), "miss");
    for (const node of made.remote.nodes) node.reachable = true;
    assert.deepEqual(await read(made, 1), pageOf(2), "it was only away");
    assert.equal(await readFile(made, pool, 0), "miss", "what missed stays a miss");
    for (const node of made.remote.nodes) node.restart();
    assert.equal(await read(made, 2), "FRONTSWAP_LOST", "it has forgotten");
    made.ramster.frontswap.invalidatePage(0, 2);
    assert.equal(await read(made, 2), "miss", "a slot that was given back has nothing to lose");
    store(made, 2, 4);
    assert.deepEqual(await read(made, 2), pageOf(4));
    await end(made);
  });

  test("10.7-f pages stay with their holder when others go elsewhere", async () => {
    const made = bed();
    made.remote.setTarget(0);
    await away(made, 1, 1);
    made.remote.setTarget(1);
    await away(made, 2, 2);
    assert.deepEqual(await read(made, 1), pageOf(1));
    made.remote.nodes[1]!.reachable = false;
    assert.deepEqual(await read(made, 1), pageOf(1), "the holder's line counts, not the target's");
    made.ramster.frontswap.invalidatePage(0, 1);
    await turns(40);
    assert.equal(made.remote.nodes[0]!.pages("persistent"), 0, "the flush went to the holder");
    await end(made);
  });

  test("10.7-g flushing an object reaches every machine that has a part of it", async () => {
    const made = bed();
    for (let count = 0; count < 6; count++) {
      made.remote.setTarget(count % 2);
      await away(made, count * 256, count); // One object: the low eight bits of the slot choose it.
    }
    assert.deepEqual(
      made.remote.nodes.map((node) => node.pages("persistent")),
      [3, 3],
    );
    made.ramster.frontswap.invalidateArea(0);
    await turns(60);
    assert.equal(made.remote.heldPages(), 0);
    await end(made);
  });

  test("10.7-h no machine takes a page: it can be written back, and sent when there is room again", async () => {
    for (const why of ["full", "away"] as const) {
      let nowNs = 0;
      const made = bed({ scheduler: { ...realScheduler, clock: { now: () => nowNs } } });
      for (const node of made.remote.nodes) {
        if (why === "full") node.full = true;
        else node.reachable = false;
      }
      for (let offset = 1; offset <= 4; offset++) store(made, offset, offset);
      pushOut(made, 2);
      await turns();
      assert.ok((made.ramster.frontswap.counters().persistentRemoteFailed ?? 0) >= 1);
      for (let offset = 1; offset <= 4; offset++) assert.deepEqual(await read(made, offset), pageOf(offset));
      pushOut(made, 4); // Machines that did not take a page are left alone for a while.
      await made.writeback.flush();
      await turns();
      assert.equal(made.ramster.frontswap.counters().writtenBackPages, 4, "all of them could be written back");
      for (const node of made.remote.nodes) {
        node.full = false;
        node.reachable = true;
      }
      store(made, 9, 9);
      nowNs += 30e6;
      pushOut(made);
      await turns();
      assert.equal(made.ramster.frontswap.storedBytes(0, 9), -1, "it is asked again");
      assert.deepEqual(await read(made, 9), pageOf(9));
      await end(made);
    }
  });

  test("10.7-i foreign pages are as many as the owner counts, and none after swapoff", async () => {
    const made = bed();
    const pool = made.ramster.cleancache.initFs();
    for (let index = 0; index < 5; index++) made.ramster.cleancache.putPage(pool, 1, index, pageOf(index), true);
    pushOut(made, 5);
    for (let offset = 0; offset < 20; offset++) await away(made, offset, offset);
    const { remotePersistentPages } = made.ramster.frontswap.counters();
    const held = made.remote.nodes.reduce((sum, node) => sum + node.pages("persistent"), 0);
    assert.equal(held, remotePersistentPages);
    await end(made);
  });

  test("10.7-j a bit that flips on the way: the page is lost, not wrong", async () => {
    const made = bed();
    await away(made, 1, 1);
    made.remote.corruptNext();
    assert.equal(await read(made, 1), "FRONTSWAP_LOST");
    await end(made);
    const two = bed({ ramster: { copies: 2 } });
    await away(two, 1, 1);
    two.remote.corruptNext();
    assert.deepEqual(await read(two, 1), pageOf(1), "with two copies the other one serves");
    two.ramster.frontswap.invalidateArea(0);
    await two.ramster.frontswap.close();
  });

  test("10.7-k two machines that lend to each other: foreign pages are not sent on, and both end", async () => {
    const lent = () => new SimulatedHolders(SIMULATED_SCHEMA.parse({ memory: "64KiB", roundTripUs: 0 }), clockOnly);
    const ofA = lent();
    const ofB = lent();
    const a = bed({ remote: new RemoteOwner(ofB, UNCHARGED) });
    const b = bed({ remote: new RemoteOwner(ofA, UNCHARGED) });
    for (let offset = 0; offset < 200; offset++) {
      for (const made of [a, b]) made.ramster.frontswap.store(0, offset, pageOf(offset), "only");
      await turns(1);
      for (const made of [a, b]) pushOut(made, 4);
      await turns(1);
    }
    await turns(100);
    for (const [made, holders] of [
      [a, ofB],
      [b, ofA],
    ] as const) {
      made.ramster.frontswap.verify();
      const [machine] = holders.machines;
      assert.ok(machine!.usedBytes <= 65_536, "a machine lends what it lends");
      assert.equal(
        machine!.pages,
        made.ramster.frontswap.counters().remotePersistentPages,
        "only the other's own pages",
      );
      await made.ramster.frontswap.close();
    }
  });
});

/** Time that stands still: nothing here takes any. */
const clockOnly = {
  clock: { now: () => 0 },
  sleep: () => Promise.resolve(),
  turn: () => Promise.resolve(),
  outside: <Result>(work: () => Promise<Result>) => work(),
};

describe("limits", () => {
  test("persistent pages displace ephemeral ones, and never the other way round", () => {
    const made = bed({ ramster: { remotify: "none", poolFull: "refuse" } });
    const { frontswap, cleancache } = made.ramster;
    const pool = cleancache.initFs();
    for (let index = 0; index < 300; index++) cleancache.putPage(pool, 1, index, pageOf(index), true);
    const full = cleancache.counters().ephemeralPages!;
    assert.ok(full > 40, `the pool is full of file pages: ${full}`);
    let stored = 0;
    for (let offset = 0; offset < 300; offset++)
      if (frontswap.store(0, offset, pageOf(offset), "only") === "stored") stored++;
    assert.equal(cleancache.counters().ephemeralPages, 0, "all of them gave way");
    assert.ok(stored >= full - 4, `${stored} pages instead`);
    for (let index = 0; index < 50; index++) cleancache.putPage(pool, 1, index, pageOf(index), true);
    assert.equal(frontswap.currPages(), stored, "not one is displaced by a file page");
    frontswap.verify();
  });

  test("pages leave in the background before anything has to be refused", async () => {
    const made = bed();
    const { frontswap } = made.ramster;
    frontswap.init(0);
    for (let offset = 0; offset < 600; offset++) {
      assert.equal(frontswap.store(0, offset, pageOf(offset), "only"), "stored", `page ${offset}`);
      await turns(2);
    }
    frontswap.verify();
    const { poolPages, remotePersistentPages } = frontswap.counters();
    assert.ok(poolPages! <= 40 && remotePersistentPages! > 400, `${poolPages} frames, ${remotePersistentPages} away`);
    for (let offset = 0; offset < 600; offset += 7) assert.deepEqual(await read(made, offset), pageOf(offset));
    await end(made);
  });

  test("random operations agree with a Map, whatever the machines do", async () => {
    for (const seed of [1, 2, 3, 4]) await randomRun(seed);
  });
});

/** Stores, loads, invalidates and faults at random; a page is what was stored last, or there is a loss with a cause. */
async function randomRun(seed: number): Promise<void> {
  const holders = new SimulatedHolders(
    SIMULATED_SCHEMA.parse({ machines: 2, memory: "256KiB", roundTripUs: 0 }),
    clockOnly,
  );
  const faulty = new FaultyHolders(holders);
  const owner = new RemoteOwner(faulty, UNCHARGED);
  const made = bed({
    remote: owner,
    ramster: { fetchTimeoutMs: 0, copies: seed % 2 === 0 ? 2 : 1, exclusiveLoads: seed > 2 },
  });
  const { frontswap } = made.ramster;
  const prng = createPrng(seed);
  const model = new Map<number, number>();
  let losses = 0;
  let version = 0;
  for (let step = 0; step < 3000; step++) {
    const offset = prng.below(120);
    const dice = prng.below(100);
    if (dice < 40) {
      version++;
      if (frontswap.store(0, offset, pageOf(version), "only") === "stored") model.set(offset, version);
      else model.delete(offset);
    } else if (dice < 70) {
      const found = await read(made, offset);
      const expected = model.get(offset);
      if (found instanceof Uint8Array) {
        assert.ok(expected !== undefined, "a page that was never stored, or is written back");
        assert.deepEqual(found, pageOf(expected), "the bytes stored last");
        if (frontswap.storedBytes(0, offset) < 0 && seed > 2) model.delete(offset);
      } else if (found === "FRONTSWAP_LOST") losses++;
      else if (expected !== undefined) {
        assert.deepEqual(made.writeback.deviceRead(0, offset), pageOf(expected), "a miss only when the device has it");
        model.delete(offset);
      }
    } else if (dice < 78) {
      frontswap.invalidatePage(0, offset);
      made.writeback.freeSlot(0, offset);
      model.delete(offset);
    } else if (dice < 90) {
      pushOut(made, 1 + prng.below(8));
      if (prng.below(2) === 0) await turns(2);
    } else if (dice < 93) holders.machines[prng.below(2)]!.isAway = prng.below(3) === 0;
    else if (dice < 95) holders.machines[prng.below(2)]!.isFull = prng.below(2) === 0;
    else if (dice < 96) holders.machines[prng.below(2)]!.restart();
    else if (dice < 97) faulty.loseReply();
    else if (dice < 98) faulty.corruptNext();
    else await turns(3);
    if (step % 50 === 0) frontswap.verify();
  }
  for (const machine of holders.machines) machine.isAway = false;
  await turns(100);
  frontswap.verify();
  await frontswap.close();
  assert.ok(losses < 600, "most pages are not lost");
}
