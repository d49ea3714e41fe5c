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
