export { MemoryStore, type MemoryStoreOptions } from "./memory-store.js";
export { memoryStore, plugin } from "./plugin.js";
