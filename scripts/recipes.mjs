// Copies the presets of @pagetier/stack to recipes/, where people look for them. The presets are the source.
import { cpSync, readdirSync, rmSync } from "node:fs";

const presets = new URL("../packages/stack/stack/presets/", import.meta.url);
const recipes = new URL("../recipes/", import.meta.url);

rmSync(recipes, { recursive: true, force: true });
cpSync(presets, recipes, { recursive: true });
console.log(`recipes/: ${readdirSync(recipes).join(", ")}`);
