export { AdaptiveChooser } from "./adaptive-chooser.js";
export { ADAPTIVE_OPTIONS_DEFAULT, type AdaptiveOptions } from "./options.js";
export { PageSample, SAMPLE_BYTES } from "./page-sample.js";
export { ADAPTIVE_SCHEMA, type AdaptiveNodeOptions, type AdaptiveParts, adaptive, plugin } from "./plugin.js";
