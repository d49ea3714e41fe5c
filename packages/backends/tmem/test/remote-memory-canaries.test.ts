import assert from "node:assert/strict";
import { TierError } from "@pagetier/base";
import { RecordingRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import { describe, test } from "vitest";
import { FakeRemoteMemory, type FakeRemoteMemoryOptions, remoteMemoryConformance } from "../src/conformance/index.js";
import {
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  remoteKeyName,
  remoteLost,
} from "../src/index.js";
import { fakeCandidate } from "./fake-candidate.js";

// Each canary keeps every rule but one. The test that names the rule must fail on it.

fc.configureGlobal({ seed: 1, endOnFailure: true }); // The model finds a fault in each run, or in none.

type Canary = new (options?: FakeRemoteMemoryOptions) => FakeRemoteMemory;

class LetsLateFlushesThrough extends FakeRemoteMemory {
  #latest = 1000;

  override put(...call: Parameters<FakeRemoteMemory["put"]>): Promise<RemoteAcknowledgement> {
    call[2] = ++this.#latest; // Operations count as they are called, not as they are numbered.
    return super.put(...call);
  }

  override flush(key: RemoteKey): Promise<void> {
    return super.flush(key, ++this.#latest);
  }

  override flushObject(pool: number, object: number): Promise<void> {
    return super.flushObject(pool, object, ++this.#latest);
  }
}

class DoesNotCheckTheSum extends FakeRemoteMemory {
  protected override isIntact(): boolean {
    return true;
  }
}

class CallsALossAMiss extends FakeRemoteMemory {
  override async get(...call: Parameters<FakeRemoteMemory["get"]>): Promise<RemoteFound | undefined> {
    try {
      return await super.get(...call);
    } catch (error) {
      if (TierError.is(error, "REMOTE_LOST")) return undefined;
      throw error;
    }
  }
}

class CallsAbsenceALoss extends FakeRemoteMemory {
  override async get(
    key: RemoteKey,
    kind: RemoteKind,
    expected: string,
    into: Uint8Array,
  ): Promise<RemoteFound | undefined> {
    try {
      return await super.get(key, kind, expected, into);
    } catch (error) {
      throw TierError.is(error, "REMOTE_UNREACHABLE") ? remoteLost(key, "nobody answers", error) : error;
    }
  }
}

class LosesEphemeralPagesLoudly extends FakeRemoteMemory {
  override async get(...call: Parameters<FakeRemoteMemory["get"]>): Promise<RemoteFound | undefined> {
    const found = await super.get(...call);
    if (found === undefined) throw remoteLost(call[0], "dropped");
    return found;
  }
}

class FlushesOneHolderOfAnObject extends FakeRemoteMemory {
  override async flushObject(pool: number, object: number, sequence: number): Promise<void> {
    for (const node of this.nodes.slice(1)) node.flushObject = () => undefined;
    await super.flushObject(pool, object, sequence);
  }
}

class FlushesTheWholePool extends FakeRemoteMemory {
  override async flushObject(pool: number, object: number, sequence: number): Promise<void> {
    const objects = new Set([...this.books.values()].map(({ key }) => key.object));
    for (const each of objects) await super.flushObject(pool, each, sequence);
    await super.flushObject(pool, object, sequence);
  }
}

class AcknowledgesTooEarly extends FakeRemoteMemory {
  override async put(...call: Parameters<FakeRemoteMemory["put"]>): Promise<RemoteAcknowledgement> {
    const copies = call[4];
    call[4] = 1;
    return { ...(await super.put(...call)), copies };
  }
}

class KeepsTheOlderCopyWhenFull extends FakeRemoteMemory {
  override put(...call: Parameters<FakeRemoteMemory["put"]>): Promise<RemoteAcknowledgement> {
    if (this.nodes.some((node) => !node.full)) return super.put(...call);
    return Promise.reject(new TierError("REMOTE_FULL", "no room"));
  }
}

class AsksOnlyTheTarget extends FakeRemoteMemory {
  override async get(...call: Parameters<FakeRemoteMemory["get"]>): Promise<RemoteFound | undefined> {
    const book = this.books.get(remoteKeyName(call[0]));
    if (book !== undefined && !book.holders.has(this.candidates()[0]!)) throw remoteLost(call[0], "not at the target");
    return super.get(...call);
  }
}

class ForgetsWhichLifeAcknowledged extends FakeRemoteMemory {
  override get(
    key: RemoteKey,
    kind: RemoteKind,
    _expected: string,
    into: Uint8Array,
  ): Promise<RemoteFound | undefined> {
    return super.get(key, kind, this.nodes.map((node) => node.generation).join("+"), into);
  }
}

class KeepsTheCallersBuffer extends FakeRemoteMemory {
  override async put(...call: Parameters<FakeRemoteMemory["put"]>): Promise<RemoteAcknowledgement> {
    await new Promise((resolve) => setImmediate(resolve));
    return super.put(...call);
  }
}

class WritesBeyondThePage extends FakeRemoteMemory {
  override async get(...call: Parameters<FakeRemoteMemory["get"]>): Promise<RemoteFound | undefined> {
    const found = await super.get(...call);
    if (found !== undefined) call[3].fill(0, found.length);
    return found;
  }
}

class TakesPagesOut extends FakeRemoteMemory {
  override async get(...call: Parameters<FakeRemoteMemory["get"]>): Promise<RemoteFound | undefined> {
    const found = await super.get(...call);
    this.books.get(remoteKeyName(call[0]))?.holders.clear();
    return found;
  }
}

class HidesUnreachableFlushes extends FakeRemoteMemory {
  override flush(key: RemoteKey, sequence: number): Promise<void> {
    return super.flush(key, sequence).catch(() => undefined);
  }
}

class ForgetsUnknownPuts extends FakeRemoteMemory {
  override async put(...call: Parameters<FakeRemoteMemory["put"]>): Promise<RemoteAcknowledgement> {
    try {
      return await super.put(...call);
    } catch (error) {
      this.books.get(remoteKeyName(call[0]))?.strays.clear();
      throw error;
    }
  }
}

class HangsWhenClosed extends FakeRemoteMemory {
  override async close(): Promise<void> {}
}

class CountsNothing extends FakeRemoteMemory {
  override remotePages(): number {
    return 0;
  }
}

class CountsLosses extends FakeRemoteMemory {
  override remotePages(kind: RemoteKind): number {
    let pages = 0;
    for (const book of this.books.values()) if (book.kind === kind && book.sequence > 0) pages++;
    return pages;
  }
}

const canaries: readonly (readonly [Canary, string])[] = [
  [LetsLateFlushesThrough, "10.7-a a late flush does not touch a newer put"],
  [LetsLateFlushesThrough, "10.7-b a late put does not replace a newer one"],
  [LetsLateFlushesThrough, "a late put does not come back after a flush"],
  [DoesNotCheckTheSum, "10.7-j a page damaged on its way back is not data"],
  [DoesNotCheckTheSum, "never other bytes, and no loss without a cause"],
  [CallsALossAMiss, "10.7-e a machine that restarted has lost a persistent page"],
  [CallsALossAMiss, "never other bytes, and no loss without a cause"],
  [CallsAbsenceALoss, "10.7-e a page on a machine that is away is REMOTE_UNREACHABLE"],
  [CallsAbsenceALoss, "never other bytes, and no loss without a cause"],
  [LosesEphemeralPagesLoudly, "10.7-e a machine that restarted has dropped an ephemeral page"],
  [LosesEphemeralPagesLoudly, "10.7-c an ephemeral page that its holder dropped is a miss"],
  [FlushesOneHolderOfAnObject, "10.7-g flushing an object reaches every holder"],
  [FlushesTheWholePool, "flushing an object drops its pages and no others"],
  [AcknowledgesTooEarly, "a page held by n machines survives the loss of n - 1"],
  [AcknowledgesTooEarly, "more copies than machines are not acknowledged"],
  [KeepsTheOlderCopyWhenFull, "10.1-a a put without room leaves no older copy"],
  [AsksOnlyTheTarget, "10.7-f pages stay where they are when new ones go elsewhere"],
  [ForgetsWhichLifeAcknowledged, "a machine that restarted acknowledges with another generation"],
  [KeepsTheCallersBuffer, "keeps its own copy of the bytes"],
  [WritesBeyondThePage, "gives back persistent pages of every length"],
  [TakesPagesOut, "gives back ephemeral pages of every length"],
  [HidesUnreachableFlushes, "a flush that does not arrive says so"],
  [ForgetsUnknownPuts, "a put whose answer is lost may be there"],
  [HangsWhenClosed, "close ends what is under way"],
  [CountsNothing, "gives back persistent pages of every length"],
  [CountsLosses, "10.7-e a machine that restarted has lost a persistent page"],
];

describe("the remote-memory kit", () => {
  for (const [Memory, name] of canaries) {
    test(`finds remote memory that ${Memory.name}: ${name}`, async () => {
      const runner = new RecordingRunner();
      remoteMemoryConformance(runner, () => fakeCandidate(new Memory()));
      assert.equal((await runner.failures(name)).length, 1, "the test that names the fault fails");
    });
  }

  test("accepts remote memory whose faults cannot all be told", async () => {
    const runner = new RecordingRunner();
    remoteMemoryConformance(runner, () => {
      const { remote, nodes, setFull, setReachable, restart, setTarget, heldPages } = fakeCandidate();
      return { remote, nodes, setFull, setReachable, restart, setTarget, heldPages };
    });
    assert.deepEqual(await runner.failures(), []);
  });
});
