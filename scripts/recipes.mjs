// Copies the presets of @pagetier/stack to recipes/, where people look for them. The presets are the source.
// Folders in recipes/ are left alone.
import { cpSync, readdirSync, rmSync } from "node:fs";

const presets = new URL("../packages/stack/stack/presets/", import.meta.url);
const recipes = new URL("../recipes/", import.meta.url);

for (const name of readdirSync(recipes)) if (name.endsWith(".yaml")) rmSync(new URL(name, recipes));
cpSync(presets, recipes, { recursive: true });
console.log(`recipes/: ${readdirSync(presets).join(", ")}`);
