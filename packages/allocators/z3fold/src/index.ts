export { plugin, Z3FOLD_OPTIONS, z3fold } from "./plugin.js";
export { Z3foldPool } from "./z3fold-pool.js";
