import assert from "node:assert/strict";
import { PAGE_SIZE, TierError } from "@pagetier/base";
import { describe, test } from "vitest";
import { FakeRemoteMemory } from "../src/conformance/index.js";
import { type RemoteKey, remoteLost, remoteUnreachable } from "../src/index.js";

const bytes = (value: number) => new Uint8Array(100).fill(value);
const key = (index: number): RemoteKey => ({ pool: 0, object: 0, index });

async function read(remote: FakeRemoteMemory, index: number, generation: string): Promise<number | undefined> {
  const into = new Uint8Array(PAGE_SIZE);
  const found = await remote.get(key(index), "persistent", generation, into);
  return found === undefined ? undefined : into[0];
}

describe("the fake remote memory", () => {
  test("a full node drops ephemeral pages for persistent ones, and never the other way round", async () => {
    const remote = new FakeRemoteMemory({ nodes: 1, pagesMax: 2 });
    await remote.put(key(1), "ephemeral", 1, bytes(1), 1);
    await remote.put(key(2), "persistent", 2, bytes(2), 1);
    const last = await remote.put(key(3), "persistent", 3, bytes(3), 1);
    assert.deepEqual([remote.nodes[0]!.pages("ephemeral"), remote.nodes[0]!.pages("persistent")], [0, 2]);
    await assert.rejects(remote.put(key(4), "ephemeral", 4, bytes(4), 1), (error) =>
      TierError.is(error, "REMOTE_FULL"),
    );
    assert.equal(await read(remote, 3, last.generation), 3);
    remote.verify();
  });

  test("messages are held, and delivered one by one in the order a test wants", async () => {
    const remote = new FakeRemoteMemory({ nodes: 1 });
    remote.network.hold();
    const first = remote.put(key(1), "persistent", 1, bytes(1), 1).catch((error: TierError) => error.code);
    const second = remote.put(key(1), "persistent", 2, bytes(2), 1);
    assert.equal(remote.network.waiting, 2);
    remote.network.deliver(-1);
    remote.network.deliver();
    remote.network.release();
    assert.equal(await first, "REMOTE_NOT_ACKNOWLEDGED", "it was overtaken");
    assert.equal(await read(remote, 1, (await second).generation), 2);
  });

  test("4.15 a connection lost during a put: unknown, and flushed once it is back", async () => {
    const remote = new FakeRemoteMemory({ nodes: 1 });
    remote.loseReplies();
    const put = remote.put(key(1), "persistent", 1, bytes(1), 1);
    await assert.rejects(put, (error) => TierError.is(error, "REMOTE_UNREACHABLE"));
    assert.equal(remote.heldPages(), 1, "it was stored");
    assert.equal(remote.remotePages("persistent"), 0, "and does not count");
    await remote.flush(key(1), 2);
    assert.equal(remote.heldPages(), 0);
  });

  test("a copy that was lost is missing in the next answer's generation", async () => {
    const remote = new FakeRemoteMemory({ nodes: 2 });
    const { generation } = await remote.put(key(1), "persistent", 1, bytes(1), 2);
    remote.nodes[0]!.restart();
    const into = new Uint8Array(PAGE_SIZE);
    const found = await remote.get(key(1), "persistent", generation, into);
    assert.ok(found !== undefined && found.generation !== generation);
    assert.equal(into[0], 1);
    assert.equal(await read(remote, 1, found.generation), 1);
  });

  test("4.15 a target that changed: the holder's connection counts, not the target's", async () => {
    const remote = new FakeRemoteMemory({ nodes: 2 });
    const { generation } = await remote.put(key(1), "persistent", 1, bytes(1), 1);
    remote.setTarget(1);
    remote.nodes[1]!.reachable = false;
    assert.equal(await read(remote, 1, generation), 1);
    remote.nodes[0]!.reachable = false;
    remote.nodes[1]!.reachable = true;
    await assert.rejects(read(remote, 1, generation), (error) => TierError.is(error, "REMOTE_UNREACHABLE"));
  });

  test("refuses what is no zpage", async () => {
    const remote = new FakeRemoteMemory();
    for (const length of [0, PAGE_SIZE + 1]) {
      await assert.rejects(
        remote.put(key(1), "persistent", 1, new Uint8Array(length), 1),
        /a zpage is 1 to PAGE_SIZE bytes/,
      );
    }
    await assert.rejects(remote.put(key(1), "persistent", 1, bytes(1), 0), /one copy or more/);
  });

  test("errors name the page, the reason and the remedy", () => {
    const cause = new Error("node 3 restarted");
    const lost = remoteLost({ pool: 1, object: 2, index: 3 }, "node 3 restarted", cause);
    assert.equal(lost.message, "the remote page 1/2/3 is lost: node 3 restarted");
    assert.deepEqual([lost.code, lost.cause, lost.context], ["REMOTE_LOST", cause, { pool: 1, object: 2, index: 3 }]);
    assert.equal(
      remoteUnreachable({ pool: 1, object: 2, index: 3 }, "node 3 is not connected").message,
      "no holder of the remote page 1/2/3 answers: node 3 is not connected; try again once it is back",
    );
  });
});
