export { type Combination, legalCombinations, nameOf, recipeOf } from "./combinations.js";
export { type ModelOptions, type ModelRun, runModel } from "./run-model.js";
