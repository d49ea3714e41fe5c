export {
  CODEC_CHOOSER,
  CODEC_CHOOSER_CONTRACT,
  type CodecChooser,
  type CodecChooserPlugin,
  chooserOf,
} from "./codec-chooser.js";
export {
  COMPRESSOR,
  COMPRESSOR_CONTRACT,
  COMPRESSOR_INPUT_BYTES,
  type Compressor,
  type CompressorPlugin,
  compressorCorrupt,
  INCOMPRESSIBLE,
} from "./compressor.js";
