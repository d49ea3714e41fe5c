export { SIMULATED_SCHEMA, type SimulatedFailure, type SimulatedOptions } from "./options.js";
export { plugin, remoteSimulated } from "./plugin.js";
export { SimulatedHolders } from "./simulated-holders.js";
export { SimulatedMachine } from "./simulated-machine.js";
