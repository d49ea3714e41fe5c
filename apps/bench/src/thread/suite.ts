import type { ExperimentSuite } from "../experiment/experiment-suite.js";
import { QUESTIONS } from "./questions.js";

export const thread: ExperimentSuite = {
  name: "thread",
  summary: "the questions of the mail thread, in virtual time at equal memory; docs/answers.md is made of it",
  experiments: QUESTIONS.map(({ experiment }) => experiment),
};
