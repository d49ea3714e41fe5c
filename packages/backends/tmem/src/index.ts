export {
  type HolderFlush,
  type HolderGet,
  type HolderPut,
  type HolderSilent,
  type Holders,
  PLACES_MAX,
} from "./holders.js";
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
  isPage,
  openParcel,
  PARCEL_BYTES,
  PARCEL_SEQUENCE_FIRST,
  PARCEL_SEQUENCE_LAST,
  parcelSequence,
  sealParcel,
  sequenceBytes,
  tombstone,
} from "./parcel.js";
export { RECORD_WORDS, Records } from "./records.js";
export {
  REMOTE_CONTRACT,
  REMOTE_MEMORY,
  type RemoteAcknowledgement,
  type RemoteFound,
  type RemoteKey,
  type RemoteKind,
  type RemoteMemory,
  type RemoteParts,
  type RemotePlugin,
  remoteFull,
  remoteKeyName,
  remoteLost,
  remoteNotAcknowledged,
  remoteUnreachable,
} from "./remote-memory.js";
export { RemoteOwner } from "./remote-owner.js";
export { SWAP_OBJECTS, swapIndex, swapOffsetOf, swapOid, swapTypeOf } from "./swap-key.js";
export {
  isTmemKey,
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
export { ZPAGE_RAW, ZpageCodec } from "./zpage-codec.js";
export { type ZpageRefusal, Zpages, type ZpagesOptions } from "./zpages.js";
