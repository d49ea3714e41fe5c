export { plugin, ZSMALLOC_OPTIONS, zsmalloc } from "./plugin.js";
export {
  CLASS_DELTA,
  chainFrames,
  HANDLE_BYTES,
  isHuge,
  RAW_CLASSES,
  type SizeClass,
  SLOT_BYTES_MIN,
  sizeClasses,
  type ZsmallocFormula,
} from "./size-classes.js";
export { type ZsmallocOptions, ZsmallocPool } from "./zsmalloc-pool.js";
