import { FakeRemoteMemory, type RemoteMemoryCandidate } from "../src/conformance/index.js";

/** The fake as an implementation under test, with every fault it can be told. */
export function fakeCandidate(remote: FakeRemoteMemory = new FakeRemoteMemory()): RemoteMemoryCandidate {
  return {
    remote,
    nodes: remote.nodes.length,
    setFull: (node, full) => {
      remote.nodes[node]!.full = full;
    },
    setReachable: (node, reachable) => {
      remote.nodes[node]!.reachable = reachable;
    },
    restart: (node) => remote.nodes[node]!.restart(),
    setTarget: (node) => remote.setTarget(node),
    heldPages: () => remote.heldPages(),
    dropEphemeral: () => {
      for (const node of remote.nodes) node.dropEphemeral();
    },
    corruptNext: () => remote.corruptNext(),
    loseReply: () => remote.loseReplies(),
    duplicateNext: () => remote.duplicateNext(),
    reorder: (reversed) => remote.network.reorder(reversed),
    hold: () => remote.network.hold(),
    release: () => remote.network.release(),
  };
}
