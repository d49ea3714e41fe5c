export { FileStore, type FileStoreOptions } from "./file-store.js";
export { fileStore, plugin } from "./plugin.js";
