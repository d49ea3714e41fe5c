export { PackedRecords, type PackedRecordsOptions, type RecordDevice } from "./packed-records.js";
export { lockPlace } from "./place-lock.js";
export { NO_SUM, SlotSums, SUM_BLOCK_SLOTS, sumOf } from "./slot-sums.js";
export { badSlot, isSlot, SLOT_MAX, sameStatus, slotsOfSize, storeClosed } from "./slots.js";
export {
  type BackingStore,
  NEXT_STORE,
  type NowStore,
  type Record as StoreRecord,
  type RecordNeighbours,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StoreParts,
  type StorePlugin,
} from "./store.js";
