// A plugin without zod: any Standard Schema will do.
const validate = (value) =>
  value.speed === undefined || value.speed > 0
    ? { value: { speed: value.speed ?? 1 } }
    : { issues: [{ message: "must be positive.", path: [{ key: "speed" }] }] };
const options = { "~standard": { version: 1, vendor: "test", validate } };
export const plugin = { family: "policy", contract: 1, name: "policy", options, create() {} };
