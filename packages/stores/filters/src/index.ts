export { ChecksumStore, checksum } from "./checksum.js";
export { type DelayOptions, DelayStore, delay } from "./delay.js";
export {
  DEVICE_MODELS,
  DEVICES,
  type DeviceModel,
  type DeviceModelName,
  type DeviceOptions,
  DeviceStore,
  device,
} from "./device.js";
export { type ErrorCode, type ErrorOptions, ErrorStore, errors } from "./error.js";
export { type FilterNode, FilterStore } from "./filter-store.js";
export { StatsStore, stats } from "./stats.js";
export { type ThrottleOptions, ThrottleStore, throttle } from "./throttle.js";
