export {
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  type RemoteMemory,
  remoteKeyName,
  remoteLost,
  remoteUnreachable,
} from "./remote-memory.js";
