const options = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
export const plugin = { family: "allocator", contract: 99, name: "next-year", options, create() {} };
