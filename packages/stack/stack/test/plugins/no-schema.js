export const plugin = { family: "allocator", contract: 1, name: "no-schema", create() {} };
