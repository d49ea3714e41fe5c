export { RAMSTER_OPTIONS, RAMSTER_OPTIONS_DEFAULT, type RamsterOptions } from "./options.js";
export { plugin, RAMSTER_SCHEMA, type RamsterNodeOptions, ramster } from "./plugin.js";
export { Ramster } from "./ramster.js";
