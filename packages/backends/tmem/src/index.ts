export {
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  type RemoteMemory,
  remoteLost,
} from "./remote-memory.js";
