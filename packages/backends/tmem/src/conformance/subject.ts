import assert from "node:assert/strict";
import { createPrng, PAGE_SIZE, TierError } from "@pagetier/base";
import type { RemoteAcknowledgement, RemoteKey, RemoteKind, RemoteMemory } from "../remote-memory.js";

/** Remote memory under test, and the faults that a kit needs of the machines around it. */
export interface RemoteMemoryCandidate {
  readonly remote: RemoteMemory;
  /** Machines that hold pages: two or more, with room for at least 32 pages each. */
  readonly nodes: number;
  /** A machine has no room for more (or has again). */
  setFull(node: number, full: boolean): void | Promise<void>;
  /** A machine can be reached or not. What it holds stays. */
  setReachable(node: number, reachable: boolean): void | Promise<void>;
  /** A machine restarts with nothing in memory. */
  restart(node: number): void | Promise<void>;
  /** New pages go to this machine first. */
  setTarget(node: number): void;
  /** Pages that the machines hold for this owner, copies and garbage included. */
  heldPages(): number | Promise<number>;
  /** Ends what the test made beside the remote memory itself. */
  remove?(): void | Promise<void>;
  /** Machines drop the ephemeral pages that they hold. Leave it out when they never do. */
  dropEphemeral?(): void | Promise<void>;
  /** A bit of the next page that travels flips. Leave it out when it cannot be made to. */
  corruptNext?(): void;
  /** The next request is carried out, and its answer does not arrive. */
  loseReply?(): void;
  /** The next request arrives twice, the second time late. */
  duplicateNext?(): void;
  /** Messages sent in one turn arrive in the reverse order, or not. */
  reorder?(reversed: boolean): void;
  /** Messages wait until `release`. */
  hold?(): void;
  release?(): void;
}

export type RemoteMemoryFactory = () => RemoteMemoryCandidate | Promise<RemoteMemoryCandidate>;

/** What a get ended in. */
export type GetOutcome = Uint8Array | "gone" | "lost" | "unreachable";

/** Remote memory with an owner that raises the sequence with each operation. */
export class Subject {
  readonly remote: RemoteMemory;
  #sequence = 0;

  private constructor(readonly candidate: RemoteMemoryCandidate) {
    this.remote = candidate.remote;
    assert.ok(candidate.nodes >= 2, "the factory makes two machines or more");
  }

  static async create(factory: RemoteMemoryFactory): Promise<Subject> {
    const subject = new Subject(await factory());
    await subject.remote.open();
    return subject;
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  put(
    key: RemoteKey,
    bytes: Uint8Array,
    { kind = "persistent" as RemoteKind, copies = 1 } = {},
  ): Promise<RemoteAcknowledgement> {
    return this.remote.put(key, kind, this.nextSequence(), bytes, copies);
  }

  flush(key: RemoteKey): Promise<void> {
    return this.remote.flush(key, this.nextSequence());
  }

  async get(key: RemoteKey, generation: string, kind: RemoteKind = "persistent"): Promise<GetOutcome> {
    const into = new Uint8Array(PAGE_SIZE).fill(0xee);
    try {
      const found = await this.remote.get(key, kind, generation, into);
      this.remote.verify();
      if (found === undefined) return "gone";
      assert.ok(found.length >= 1 && found.length <= PAGE_SIZE, "a page is 1 to PAGE_SIZE bytes");
      assert.ok(
        into.subarray(found.length).every((byte) => byte === 0xee),
        "nothing is written beyond the page",
      );
      return into.slice(0, found.length);
    } catch (error) {
      if (TierError.is(error, "REMOTE_LOST")) return "lost";
      if (TierError.is(error, "REMOTE_UNREACHABLE")) return "unreachable";
      throw error;
    }
  }

  async expectBytes(key: RemoteKey, generation: string, bytes: Uint8Array, kind?: RemoteKind): Promise<void> {
    assert.deepEqual(await this.get(key, generation, kind), bytes, "a get gives back the bytes last put");
  }

  /** A persistent page that is no more is lost; an ephemeral one is simply gone. */
  async expectAbsent(key: RemoteKey, generation: string, kind: RemoteKind = "persistent"): Promise<void> {
    const outcome = await this.get(key, generation, kind);
    assert.equal(outcome, kind === "persistent" ? "lost" : "gone", "no bytes come back");
  }

  /** Does the same to every machine. */
  async everywhere(act: (node: number) => unknown): Promise<void> {
    for (let node = 0; node < this.candidate.nodes; node++) await act(node);
  }

  async end(): Promise<void> {
    this.remote.verify();
    for (const [name, value] of Object.entries(this.remote.counters())) {
      assert.ok(Number.isFinite(value) && value >= 0, `counter ${name} is a number of 0 or more, got ${value}`);
    }
    await this.remote.close();
    await this.candidate.remove?.();
  }
}

export function keyAt(index: number, object = 7, pool = 1): RemoteKey {
  return { pool, object, index };
}

/** A zpage that no other seed gives. */
export function zpage(seed: number, length = 1000): Uint8Array {
  const bytes = new Uint8Array(length);
  const prng = createPrng(seed);
  for (let index = 0; index < length; index++) bytes[index] = prng.below(256);
  return bytes;
}

/** What an operation ended in: `undefined`, or the code of its error. */
export async function codeOf(operation: Promise<unknown>): Promise<string | undefined> {
  try {
    await operation;
    return undefined;
  } catch (error) {
    if (TierError.is(error)) return error.code;
    throw error;
  }
}
