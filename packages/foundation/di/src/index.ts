import "reflect-metadata";

// tsyringe throws on import when no Reflect polyfill is loaded; importing both here, in this order, is why this
// package exists. Only what pagetier uses is passed on: `@singleton`, `@registry` and `delay` bind globally at import.
export {
  container as rootContainer,
  type DependencyContainer,
  type InjectionToken,
  inject,
  injectAll,
  injectable,
  Lifecycle,
} from "tsyringe";
