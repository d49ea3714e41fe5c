export { plugin, ZBUD_OPTIONS, zbud } from "./plugin.js";
export { ZbudPool } from "./zbud-pool.js";
