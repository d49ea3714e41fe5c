export { __Name__Store } from "./__name__-store.js";
export { __camel__Store, plugin } from "./plugin.js";
