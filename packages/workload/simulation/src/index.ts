export { ChargedCompressor } from "./charged-compressor.js";
export { ChargedPolicy } from "./charged-policy.js";
export { ChargedZpool } from "./charged-zpool.js";
export {
  type AllocatorCosts,
  allocatorCosts,
  type CompressorCosts,
  type Costs,
  compressorCosts,
  costOf,
  type LinearCost,
} from "./costs.js";
export { MEASURED_COSTS } from "./measured-costs.js";
