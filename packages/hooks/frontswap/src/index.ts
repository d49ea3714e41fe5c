export {
  FRONTSWAP,
  FRONTSWAP_CONTRACT,
  type Frontswap,
  type FrontswapCopy,
  type FrontswapLoad,
  type FrontswapPlugin,
  frontswapLost,
  type StoreOutcome,
} from "./frontswap.js";
export {
  FRONTSWAP_REGISTRY,
  FRONTSWAP_REGISTRY_OPTIONS,
  FrontswapRegistry,
  type FrontswapRegistryOptions,
} from "./frontswap-registry.js";
export { ReadaheadWindow } from "./readahead-window.js";
export type { FrontswapHook } from "./registry.js";
export {
  SWAP_WRITEBACK,
  type SwapClaim,
  type SwapNeighbours,
  type SwapRecords,
  type SwapWriteback,
  type WritebackOutcome,
} from "./swap-writeback.js";
