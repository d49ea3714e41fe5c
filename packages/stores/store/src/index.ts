export { badSlot, isSlot, SLOT_MAX, sameStatus, slotsOfSize, storeClosed } from "./slots.js";
export {
  type BackingStore,
  NEXT_STORE,
  type NowStore,
  type Record as StoreRecord,
  type RecordStore,
  type SlotStatus,
  STORE_CONTRACT,
  type StoreParts,
  type StorePlugin,
} from "./store.js";
