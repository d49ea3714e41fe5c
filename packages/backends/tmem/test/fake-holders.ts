import type { Counters } from "@pagetier/base";
import { UNCHARGED } from "@pagetier/base";
import { FakeNetwork } from "../src/conformance/fake-network.js";
import { FakeNode, sumOf } from "../src/conformance/fake-node.js";
import type { RemoteMemoryCandidate } from "../src/conformance/index.js";
import {
  type HolderFlush,
  type HolderGet,
  type HolderPut,
  type HolderSilent,
  type Holders,
  parcelSequence,
  type RemoteKey,
  type RemoteKind,
  RemoteOwner,
} from "../src/index.js";

/** Machines of a test behind a scripted network, as an owner's holders. */
export class FakeHolders implements Holders {
  readonly type = "fake";
  readonly network = new FakeNetwork();
  readonly nodes: readonly FakeNode[];
  corruptions = 0;
  lostReplies = 0;
  duplicates = 0;

  constructor(nodes: number, pagesMax = 64) {
    this.nodes = Array.from({ length: nodes }, (_, number) => new FakeNode(number, pagesMax));
  }

  get places(): number {
    return this.nodes.length;
  }

  async open(): Promise<void> {}

  put(place: number, key: RemoteKey, kind: RemoteKind, parcel: Uint8Array): Promise<HolderPut> {
    const node = this.nodes[place]!;
    const bytes = this.#travelled(parcel);
    return this.#ask(node, () => {
      const said = node.put(key, kind, parcelSequence(parcel), { bytes, sum: sumOf(bytes) });
      return said === "stored" ? { said, copies: 1, life: node.generation } : { said: said as "full" | "late" };
    });
  }

  get(place: number, key: RemoteKey): Promise<HolderGet> {
    const node = this.nodes[place]!;
    return this.#ask(node, () => {
      const held = node.get(key);
      const life = node.generation;
      return held === undefined
        ? { said: "missing", life }
        : { said: "found", parcel: this.#travelled(held.bytes), life };
    });
  }

  flush(place: number, key: RemoteKey, sequence: number): Promise<HolderFlush> {
    const node = this.nodes[place]!;
    return this.#ask(node, () => {
      node.flush(key, sequence);
      return { said: "flushed" };
    });
  }

  memoryBytes(): number {
    return 0;
  }

  counters(): Counters {
    return {};
  }

  async close(): Promise<void> {}

  #ask<Answer>(node: FakeNode, handle: () => Answer): Promise<Answer | HolderSilent> {
    return new Promise((resolve) => {
      const silent = (sent: boolean) =>
        resolve({ said: "silent", sent, cause: new Error(`node ${node.number} is away`) });
      const arrive = () => {
        if (!node.reachable) return silent(false);
        const answer = handle();
        if (this.lostReplies > 0) {
          this.lostReplies--;
          return silent(true);
        }
        this.network.post(() => (node.reachable ? resolve(answer) : silent(true)));
      };
      this.network.post(arrive);
      if (this.duplicates === 0) return;
      this.duplicates--;
      this.network.post(() => this.network.post(arrive));
    });
  }

  #travelled(parcel: Uint8Array): Uint8Array {
    if (this.corruptions === 0) return parcel;
    this.corruptions--;
    const bytes = parcel.slice();
    bytes[bytes.length >>> 1]! ^= 0x10;
    return bytes;
  }
}

export function ownerCandidate(
  holders: FakeHolders,
  owner = new RemoteOwner(holders, UNCHARGED),
): RemoteMemoryCandidate {
  const { nodes, network } = holders;
  return {
    remote: owner,
    nodes: nodes.length,
    setFull: (node, full) => {
      nodes[node]!.full = full;
    },
    setReachable: (node, reachable) => {
      nodes[node]!.reachable = reachable;
    },
    restart: (node) => nodes[node]!.restart(),
    setTarget: (node) => owner.retarget(node),
    heldPages: () => nodes.reduce((sum, node) => sum + node.pages("ephemeral") + node.pages("persistent"), 0),
    dropEphemeral: () => {
      for (const node of nodes) node.dropEphemeral();
    },
    corruptNext: () => {
      holders.corruptions = 1;
    },
    loseReply: () => {
      holders.lostReplies = 1;
    },
    duplicateNext: () => {
      holders.duplicates = 1;
    },
    reorder: (reversed) => network.reorder(reversed),
    hold: () => network.hold(),
    release: () => network.release(),
  };
}
