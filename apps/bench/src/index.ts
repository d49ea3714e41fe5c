export { main } from "./main.js";
export type { Row, Suite, SuiteInput } from "./suite.js";
