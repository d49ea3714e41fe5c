export {
  type Buddy,
  BuddyPool,
  CHUNK_BYTES,
  CHUNKS,
  chunksFor,
  chunksOf,
  FIRST,
  FULL_LIST,
  HEADER_CHUNKS,
  HEADLESS,
  LAST,
  MIDDLE,
  middleStart,
  PAIRED_BYTES_MAX,
  type Shape,
  TOTAL_CHUNKS,
  withChunks,
  withMiddleStart,
} from "./buddy-pool.js";
export { HandleTable, POSITIONS_MAX, positionIn, sizeIn } from "./handle-table.js";
export { ObjectCopier } from "./object-copier.js";
export { type SlotClass, SlotPool, type SlotPoolOptions } from "./slot-pool.js";
export { WORD_MASK, WORD_SHIFT, WordTable } from "./word-table.js";
export {
  type AllocatorPlugin,
  type Group,
  type Handle,
  NO_GROUP,
  NO_HANDLE,
  READ_AROUND_BYTES,
  TOO_LARGE,
  ZPOOL,
  ZPOOL_CONTRACT,
  type Zpool,
  type ZpoolClassStats,
  type ZpoolStats,
} from "./zpool.js";
