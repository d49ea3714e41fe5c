import assert from "node:assert/strict";
import { type Accountant, PAGE_SIZE, TierError, UNCHARGED } from "@pagetier/base";
import { describe, test } from "vitest";
import { remoteMemoryConformance } from "../src/conformance/index.js";
import { openParcel, type RemoteKey, RemoteOwner, sealParcel, tombstone } from "../src/index.js";
import { FakeHolders, ownerCandidate } from "./fake-holders.js";

for (const nodes of [2, 3]) {
  describe(`an owner and ${nodes} holders`, () => {
    remoteMemoryConformance({ describe, test }, () => ownerCandidate(new FakeHolders(nodes)));
  });
}

const key = (index: number, object = 7): RemoteKey => ({ pool: 1, object, index });
const bytes = (value: number) => new Uint8Array(100).fill(value);
const codeOf = (operation: Promise<unknown>) =>
  operation.then(
    () => undefined,
    (error: unknown) => (TierError.is(error) ? error.code : assert.fail(String(error))),
  );

async function read(owner: RemoteOwner, index: number, generation: string): Promise<number | undefined> {
  const into = new Uint8Array(PAGE_SIZE);
  const found = await owner.get(key(index), "persistent", generation, into);
  return found === undefined ? undefined : into[0];
}

describe("an owner of remote pages", () => {
  test("10.7-c a holder that came back with an older state is not believed", async () => {
    const holders = new FakeHolders(1);
    const owner = new RemoteOwner(holders, UNCHARGED);
    await owner.put(key(1), "persistent", 1, bytes(1), 1);
    const older = holders.nodes[0]!.get(key(1))!;
    const { generation } = await owner.put(key(1), "persistent", 2, bytes(2), 1);
    holders.nodes[0]!.get = () => older;
    await assert.rejects(read(owner, 1, generation), (error) => TierError.is(error, "REMOTE_LOST"));
    assert.equal(owner.strays, 1, "what it has is to be removed");
    await owner.close();
  });

  test("a copy somewhere else serves when the first holder lost the page, and its life leaves the generation", async () => {
    const holders = new FakeHolders(2);
    const owner = new RemoteOwner(holders, UNCHARGED);
    owner.retarget(0);
    const { generation } = await owner.put(key(1), "persistent", 1, bytes(1), 2);
    holders.nodes[0]!.restart();
    const found = await owner.get(key(1), "persistent", generation, new Uint8Array(PAGE_SIZE));
    assert.equal(found?.generation, holders.nodes[1]!.generation);
    assert.equal(await read(owner, 1, generation), 1, "the old name still means this put");
    assert.equal(owner.remotePages("persistent"), 1);
    owner.verify();
    await owner.close();
  });

  test("4.15 a connection lost during a put: swept up once the machine is back", async () => {
    const holders = new FakeHolders(1);
    const owner = new RemoteOwner(holders, UNCHARGED);
    holders.lostReplies = 1;
    assert.equal(await codeOf(owner.put(key(1), "persistent", 1, bytes(1), 1)), "REMOTE_UNREACHABLE");
    holders.nodes[0]!.reachable = false;
    assert.equal(await codeOf(owner.flush(key(1), 2)), "REMOTE_UNREACHABLE");
    assert.equal(await owner.sweep(10), 0, "nobody is there");
    assert.equal(owner.strays, 1);
    holders.nodes[0]!.reachable = true;
    assert.equal(await owner.sweep(10), 1);
    assert.equal(holders.nodes[0]!.pages("persistent"), 0);
    assert.equal(owner.strays, 0);
    owner.verify();
    await owner.close();
  });

  test("a page that was replaced elsewhere is swept up where it was", async () => {
    const holders = new FakeHolders(2);
    const owner = new RemoteOwner(holders, UNCHARGED);
    owner.retarget(0);
    await owner.put(key(1), "persistent", 1, bytes(1), 1);
    owner.retarget(1);
    const { generation } = await owner.put(key(1), "persistent", 2, bytes(2), 1);
    assert.equal(owner.strays, 1);
    assert.equal(await owner.sweep(10), 1);
    assert.deepEqual(
      [0, 1].map((node) => holders.nodes[node]!.pages("persistent")),
      [0, 1],
    );
    assert.equal(await read(owner, 1, generation), 2);
    owner.verify();
    await owner.close();
  });

  test("books of keys that nobody holds are closed, and tables are charged", async () => {
    const holders = new FakeHolders(1, 1000);
    let charged = 0;
    const accountant: Accountant = {
      charge: (more) => {
        charged += more;
        return true;
      },
      uncharge: (less) => {
        charged -= less;
      },
    };
    const owner = new RemoteOwner(holders, accountant);
    let sequence = 0;
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 500 }, (_, index) =>
          owner.put(key(index, index % 3), "persistent", ++sequence, bytes(1), 1),
        ),
      );
      owner.verify();
      for (let object = 0; object < 3; object++) await owner.flushObject(1, object, ++sequence);
      assert.equal(holders.nodes[0]!.pages("persistent"), 0);
      owner.verify();
    }
    assert.equal(owner.memoryBytes(), charged);
    await owner.close();
  });

  test("a budget without room for a record: REMOTE_FULL, and nothing is sent", async () => {
    const holders = new FakeHolders(1);
    const owner = new RemoteOwner(holders, { charge: () => false, uncharge: () => undefined });
    assert.equal(await codeOf(owner.put(key(1), "persistent", 1, bytes(1), 1)), "REMOTE_FULL");
    assert.equal(holders.nodes[0]!.pages("persistent"), 0);
    await owner.close();
  });

  test("objects are dealt to all places, and the pages of one lie at one", async () => {
    const holders = new FakeHolders(3, 1000);
    const owner = new RemoteOwner(holders, UNCHARGED);
    let sequence = 0;
    for (let object = 0; object < 60; object++) {
      for (let index = 0; index < 3; index++) await owner.put(key(index, object), "ephemeral", ++sequence, bytes(1), 1);
    }
    const held = holders.nodes.map((node) => node.pages("ephemeral"));
    assert.ok(
      held.every((pages) => pages > 20 && pages % 3 === 0),
      `about 60 each, in threes: ${held}`,
    );
    await owner.close();
  });
});

describe("a parcel", () => {
  test("is one put's of one key, whole, or nothing", () => {
    const parcel = sealParcel(key(1), "persistent", 2 ** 40 + 7, bytes(5));
    const into = new Uint8Array(PAGE_SIZE);
    assert.equal(openParcel(parcel, key(1), 2 ** 40 + 7, into), 100);
    assert.deepEqual(into.subarray(0, 100), bytes(5));
    assert.equal(openParcel(parcel, key(2), 2 ** 40 + 7, into), 0, "another key's");
    assert.equal(openParcel(parcel, key(1), 7, into), 0, "another put's");
    for (let byte = 0; byte < parcel.length; byte++) {
      const damaged = parcel.slice();
      damaged[byte]! ^= 1;
      assert.equal(openParcel(damaged, key(1), 2 ** 40 + 7, into), 0, `10.7-j a bit of byte ${byte} flipped`);
    }
    assert.equal(openParcel(parcel.subarray(0, 50), key(1), 2 ** 40 + 7, into), 0, "a part");
    assert.equal(openParcel(tombstone(key(1), 7), key(1), 7, into), 0, "a tombstone");
    assert.equal(openParcel(new Uint8Array(0), key(1), 7, into), 0, "nothing");
  });
});
