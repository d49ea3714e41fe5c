export { ManualScheduler } from "./manual-scheduler.js";
