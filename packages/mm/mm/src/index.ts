export type { AnonSpace, PageId, PageLocation } from "./space.js";
