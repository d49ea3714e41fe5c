export type { TestRunner } from "@pagetier/base/testing";
export { cleanCopies } from "./clean-copies.js";
export { closing } from "./closing.js";
export { FakeSwapWriteback, type FakeSwapWritebackOptions } from "./fake-swap-writeback.js";
export { frontswapConformance } from "./frontswap-conformance.js";
export { invalidate } from "./invalidate.js";
export { losses } from "./losses.js";
export { agreesWithModel } from "./model.js";
export { makePage, PAGE_KINDS, type PageKind } from "./pages.js";
export { type ReferenceEntry, ReferenceFrontswap, type ReferenceFrontswapOptions } from "./reference-frontswap.js";
export { refusal } from "./refusal.js";
export { remotePages } from "./remote-pages.js";
export { storeAndLoad } from "./store-and-load.js";
export type { FrontswapCandidate, FrontswapFactory } from "./subject.js";
export {
  type SwappedOutSlot,
  type SwapWritebackCandidate,
  swapWritebackConformance,
} from "./swap-writeback-conformance.js";
export { writeBack } from "./write-back.js";
