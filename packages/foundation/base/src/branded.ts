/**
 * A number that the type checker keeps apart from other numbers: handles, frames, slots.
 * The name is that of the package and the thing, e.g. `"@pagetier/allocator/Handle"`.
 */
export type Branded<Base, Name extends string> = Base & { readonly __brand: Name };
