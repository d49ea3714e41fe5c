export { ManualScheduler } from "./manual-scheduler.js";
export { failuresOf, RecordingRunner, type TestRunner } from "./test-runner.js";
