export {
  COMPRESSOR,
  COMPRESSOR_CONTRACT,
  COMPRESSOR_INPUT_BYTES,
  type Compressor,
  type CompressorPlugin,
  compressorCorrupt,
  INCOMPRESSIBLE,
} from "./compressor.js";
