export {
  codecOf,
  HOST_FLAG,
  IN_TRANSIT,
  isInTransit,
  kindOf,
  LOCAL,
  lengthOf,
  MARKER,
  type PampdKind,
  type PampdMeta,
  pampdMeta,
  REMOTE,
} from "./pampd.js";
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
export { SWAP_OBJECTS, swapIndex, swapOffsetOf, swapOid, swapTypeOf } from "./swap-key.js";
export {
  NO_PAGE,
  NO_TMEM_POOL,
  TMEM_INDEX_MAX,
  Tmem,
  type TmemGet,
  type TmemHost,
  type TmemKind,
  type TmemOptions,
} from "./tmem.js";
export {
  TMEM_BACKEND,
  TMEM_BACKEND_CONTRACT,
  type TmemBackend,
  type TmemBackendPlugin,
} from "./tmem-backend.js";
