export { LmdbStore, type LmdbStoreOptions } from "./lmdb-store.js";
export { lmdbStore, plugin } from "./plugin.js";
