export { chooserConformance, chooserDecisionConformance, chooserShapeConformance } from "./chooser-conformance.js";
export {
  bufferConformance,
  compressorConformance,
  corruptionConformance,
  purityConformance,
  roundTripConformance,
  type TestRunner,
} from "./compressor-conformance.js";
export { randomBytes, SAMPLE_LENGTHS, samplePages } from "./pages.js";
export { TokenCompressor } from "./token-compressor.js";
