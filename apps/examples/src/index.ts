export { run as largerThanMemory } from "./01-larger-than-memory.js";
export { run as customRecipe } from "./02-custom-recipe.js";
export { run as reactToPressure } from "./03-react-to-pressure.js";
