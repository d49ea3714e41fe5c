export { __Name__Pool } from "./__name__-pool.js";
export { __camel__, plugin } from "./plugin.js";
