import { isDtokError } from "../src/errors/index.js";

/** What `run` gives back, or "typed error"; any other error is thrown on. */
export function attempt<T>(run: () => T): T | "typed error" {
  try {
    return run();
  } catch (error) {
    if (isDtokError(error)) return "typed error";
    throw error;
  }
}
