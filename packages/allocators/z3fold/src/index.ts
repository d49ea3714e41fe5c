export { plugin, Z3FOLD_OPTIONS, z3fold } from "./plugin.js";
export { type Z3foldOptions, Z3foldPool } from "./z3fold-pool.js";
