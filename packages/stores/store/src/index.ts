export { PackedRecords, type PackedRecordsOptions, type RecordDevice } from "./packed-records.js";
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
