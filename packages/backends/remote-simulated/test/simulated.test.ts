import assert from "node:assert/strict";
import { PAGE_SIZE, realScheduler, TierError, UNCHARGED, VirtualScheduler } from "@pagetier/base";
import { RemoteOwner } from "@pagetier/tmem";
import { FaultyHolders, remoteMemoryConformance } from "@pagetier/tmem/conformance";
import { describe, test } from "vitest";
import { SIMULATED_SCHEMA, SimulatedHolders } from "../src/index.js";

describe("simulated machines", () => {
  remoteMemoryConformance({ describe, test }, () => {
    const options = SIMULATED_SCHEMA.parse({ machines: 2, roundTripUs: 0, timeoutMs: 0.01, lineMBps: 1e6 });
    const simulated = new SimulatedHolders(options, { ...realScheduler, sleep: () => Promise.resolve() });
    const holders = new FaultyHolders(simulated);
    const remote = new RemoteOwner(holders, UNCHARGED);
    const { machines } = simulated;
    return {
      remote,
      nodes: 2,
      setFull: (node, full) => {
        machines[node]!.isFull = full;
      },
      setReachable: (node, reachable) => {
        machines[node]!.isAway = !reachable;
      },
      restart: (node) => machines[node]!.restart(),
      setTarget: (node) => remote.retarget(node),
      heldPages: () => machines.reduce((sum, { pages }) => sum + pages, 0),
      dropEphemeral: () => {
        for (const machine of machines) machine.dropEphemeral();
      },
      corruptNext: () => holders.corruptNext(),
      loseReply: () => holders.loseReply(),
      hold: () => holders.hold(),
      release: () => holders.release(),
    };
  });
});

/** Runs in virtual time. @returns what `main` gives, and the milliseconds that it took */
async function simulate<Result>(
  given: Record<string, unknown>,
  main: (owner: RemoteOwner, holders: SimulatedHolders) => Promise<Result>,
): Promise<{ result: Result; ms: number }> {
  const scheduler = new VirtualScheduler();
  const holders = new SimulatedHolders(SIMULATED_SCHEMA.parse(given), scheduler);
  const owner = new RemoteOwner(holders, UNCHARGED);
  const result = await scheduler.run(async () => {
    await owner.open();
    return main(owner, holders);
  });
  owner.verify();
  return { result, ms: scheduler.clock.now() / 1e6 };
}

const key = (index: number) => ({ pool: 0, object: index, index });
const zpage = new Uint8Array(1888);
const into = new Uint8Array(PAGE_SIZE);

describe("time", () => {
  test("of one request is the round trip and its bytes", async () => {
    const { ms } = await simulate({ roundTripUs: 200, lineMBps: 10 }, (owner) =>
      owner.put(key(1), "persistent", 1, zpage, 1),
    );
    assert.equal(ms, 0.41); // 0.2 there and back, 0.2 for 2000 bytes, 0.01 for the answer's 100.
  });

  test("of many at a time is the line's", async () => {
    const { ms } = await simulate({ roundTripUs: 200, lineMBps: 10 }, (owner) =>
      Promise.all(Array.from({ length: 100 }, (_, index) => owner.put(key(index), "persistent", index + 1, zpage, 1))),
    );
    assert.ok(Math.abs(ms - (0.2 + 100 * 0.2 + 0.01)) < 1e-9, `${ms} ms`);
  });

  test("the same numbers give the same bytes and the same times", async () => {
    const run = () =>
      simulate(
        { machines: 3, memory: "64KiB", failures: [{ machine: 1, atMs: 1, what: "restart" }] },
        async (owner, holders) => {
          for (let index = 1; index < 200; index++) {
            await owner
              .put(key(index), index % 3 === 0 ? "persistent" : "ephemeral", index, zpage, 1)
              .catch(() => undefined);
          }
          return holders.counters();
        },
      );
    assert.deepEqual(await run(), await run());
  });
});

describe("failures", () => {
  test("a machine that restarts has lost what it held", async () => {
    const failures = [{ machine: 0, atMs: 5, what: "restart" }];
    await simulate({ failures }, async (owner) => {
      const { generation } = await owner.put(key(1), "persistent", 1, zpage, 1);
      for (let count = 0; count < 100; count++) {
        const outcome = await owner.get(key(1), "persistent", generation, into).catch((error: TierError) => error.code);
        if (outcome === "REMOTE_LOST") return;
      }
      assert.fail("it restarted after five milliseconds");
    });
  });

  test("a machine that is away lets its requests wait until they are given up, and comes back with what it held", async () => {
    const failures = [{ machine: 0, atMs: 1, what: "away", forMs: 50 }];
    const { ms } = await simulate({ failures, timeoutMs: 20 }, async (owner) => {
      const { generation } = await owner.put(key(1), "persistent", 1, zpage, 1);
      let silent = 0;
      for (let gets = 0; gets < 20; gets++) {
        try {
          await owner.get(key(1), "persistent", generation, into);
          if (silent > 0) return;
        } catch (error) {
          assert.ok(TierError.is(error, "REMOTE_UNREACHABLE"));
          silent++;
        }
      }
      assert.fail("it comes back");
    });
    assert.ok(ms > 51 && ms < 75, `${ms} ms`);
  });

  test("a full machine drops ephemeral pages for others, then refuses", async () => {
    await simulate({ memory: "16KiB" }, async (owner, { machines }) => {
      let sequence = 0;
      for (let index = 0; index < 20; index++) await owner.put(key(index), "ephemeral", ++sequence, zpage, 1);
      assert.equal(machines[0]!.pages, 8);
      for (let index = 0; index < 8; index++) await owner.put(key(index), "persistent", ++sequence, zpage, 1);
      await assert.rejects(owner.put(key(9), "persistent", ++sequence, zpage, 1), (error) =>
        TierError.is(error, "REMOTE_FULL"),
      );
      assert.equal(machines[0]!.pages, 8);
    });
  });

  test("options that make no sense say so", () => {
    const wrong = [{ memory: "many" }, { machines: 17 }, { failures: [{ machine: 1, atMs: 0, what: "restart" }] }];
    for (const given of wrong) assert.ok(!SIMULATED_SCHEMA.safeParse(given).success, JSON.stringify(given));
  });
});
