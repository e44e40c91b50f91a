import { createRuntime } from "../node/runtime.js";
import { createModelReader } from "./node.js";
import { modelOpener } from "./open.js";

/**
 * Opens a model that a package ships: its files are those of `packaged` (a folder), or of
 * `options.baseUrl`; `load` makes what is returned, with whose `close` a runtime of its own is closed too.
 * Where `load` fails, it is closed at once.
 */
export const openModel = /* @__PURE__ */ modelOpener(createRuntime, createModelReader);
