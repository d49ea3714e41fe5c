export { type ClientPages, type CountedEngine, ForeignPages, OTHERS } from "./foreign-pages.js";
export {
  Lender,
  type LenderConnection,
  type LenderEngine,
  type LenderLook,
  type LenderParts,
  type LenderState,
} from "./lender.js";
export { LentLimit, type LentLimitOptions, type LentMove } from "./lent-limit.js";
export { LinuxMemory, type MachineMemory, type MemoryLook, type ReadText } from "./machine-memory.js";
export { LENDER_SCHEMA, type LenderOptions } from "./options.js";
