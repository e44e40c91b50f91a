import { ArgumentError, DtokError, MissingError } from "../errors/index.js";
import type { LoadContext, Manifest, TokenizerPlugin } from "../spec/tokenizer.js";

/** A plugin threw, or gave back something else than a codec. The message names it. */
export class PluginError extends DtokError {
  /** Id of the tokenizer. */
  readonly tokenizer: string;

  constructor(tokenizer: string, parts: { got: string; remedy: string; cause?: unknown }) {
    super("plugin", `tokenizer ${tokenizer}`, { expected: "its plugin to load", ...parts });
    this.tokenizer = tokenizer;
  }
}

type AnyPlugin = TokenizerPlugin;

/** Ids of a list of plugins. */
export type TokenizerId<P extends readonly AnyPlugin[]> = P[number]["manifest"]["id"];

/** What the plugin of an id loads: a codec of its own signal type. */
export type CodecOf<P extends readonly AnyPlugin[], Id extends TokenizerId<P>> = Awaited<
  ReturnType<Extract<P[number], { readonly manifest: { readonly id: Id } }>["load"]>
>;

export interface RegistryOptions {
  /** Runtime and files of a tokenizer: called once per load, before the plugin's own `load`. */
  readonly context: (manifest: Manifest) => LoadContext | Promise<LoadContext>;
}

export interface Registry<P extends readonly AnyPlugin[]> {
  /** All manifests, in the order of the plugins; nothing is loaded. */
  list(): readonly Manifest[];
  has(id: string): id is TokenizerId<P>;
  /**
   * The codec of an id; the same one at each call until it is closed. Its type follows from the id.
   *
   * @throws ArgumentError for an unknown id, PluginError if the plugin fails (a later call tries again)
   */
  load<const Id extends TokenizerId<P>>(id: Id): Promise<CodecOf<P, Id>>;
  /**
   * Closes every codec that is loaded or loading. All are closed even if one fails; then a
   * PluginError names the first that did. Afterwards `load` is refused.
   */
  close(): Promise<void>;
}

/**
 * A registry is a value: it knows the plugins that it is given and nothing else.
 *
 *     const registry = createRegistry([photo, speech], { context });
 *     const codec = await registry.load("image/photo-8x"); // Codec<ImageSignal>
 *
 * @throws ArgumentError for plugins without a valid manifest, for two of the same id, and without `context`
 */
export function createRegistry<const P extends readonly AnyPlugin[]>(
  plugins: P,
  options: RegistryOptions,
): Registry<P> {
  const byId = new Map<string, AnyPlugin>();
  for (const [i, plugin] of plugins.entries()) {
    const id = checkPlugin(plugin, i);
    if (byId.has(id)) {
      throw new ArgumentError("registry", {
        expected: "every tokenizer id once",
        got: `${id} twice`,
        remedy: "Leave one of the two plugins out, or rename it.",
      });
    }
    byId.set(id, plugin);
  }
  const { context } = (options ?? {}) as Partial<RegistryOptions>;
  if (typeof context !== "function") {
    throw new ArgumentError(`registry of ${[...byId.keys()].join(", ") || "no plugins"}`, {
      expected: "options.context, a function from a manifest to { runtime, readFile }",
      got: options === undefined ? "no options" : `context: ${kindOf(context)}`,
      remedy: "Write createRegistry(plugins, { context: (manifest) => ({ runtime, readFile }) }).",
    });
  }
  const loaded = new Map<string, Promise<Awaited<ReturnType<AnyPlugin["load"]>>>>();
  let closed = false;

  /** @param forget called once the codec must not be handed out again */
  async function start(id: string, plugin: AnyPlugin, forget: () => void) {
    try {
      const codec = await open(id, plugin);
      if (Object.isExtensible(codec)) {
        const close = codec.close.bind(codec);
        codec.close = () => {
          forget();
          return close();
        };
      }
      return codec;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async function open(id: string, plugin: AnyPlugin) {
    let codec;
    try {
      const given: unknown = await context!(plugin.manifest);
      if (!isContext(given)) {
        throw new ArgumentError(`context of ${id}`, {
          expected: "{ runtime, readFile }",
          got: kindOf(given),
          remedy: "Let the registry's context give back both.",
        });
      }
      codec = await plugin.load(given);
    } catch (cause) {
      throw new PluginError(id, {
        got: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
        remedy: "See the cause; if it is no matter of files or runtime, tell the plugin's author.",
        cause,
      });
    }
    const given = codec as typeof codec | null | undefined;
    if (
      typeof given?.encode !== "function" ||
      typeof given.decode !== "function" ||
      typeof given.close !== "function"
    ) {
      throw new PluginError(id, {
        got: "something that is not a codec",
        remedy: "Let `load` give back encode, decode and close.",
      });
    }
    if (given.manifest?.id !== id) {
      throw new PluginError(id, {
        got: `a codec of ${String(given.manifest?.id)}`,
        remedy: "Let the codec carry the plugin's own manifest.",
      });
    }
    return given;
  }

  return {
    list: () => Array.from(byId.values(), (plugin) => plugin.manifest),
    has: (id: string): id is TokenizerId<P> => byId.has(id),
    async load<const Id extends TokenizerId<P>>(id: Id): Promise<CodecOf<P, Id>> {
      const plugin = byId.get(id);
      if (plugin === undefined) {
        throw new ArgumentError("tokenizer id", {
          expected: byId.size === 0 ? "a registry with plugins" : `one of ${nearest(id, byId)}`,
          got: JSON.stringify(id),
          remedy: "Pass its plugin to createRegistry, or correct the id.",
        });
      }
      if (closed) {
        throw new MissingError(`tokenizer ${id}`, {
          expected: "an open registry",
          got: "one that was closed",
          remedy: "Create another registry.",
        });
      }
      let promise = loaded.get(id);
      if (promise === undefined) {
        const own = start(id, plugin, () => {
          if (loaded.get(id) === own) loaded.delete(id);
        });
        loaded.set(id, own);
        promise = own;
      }
      return (await promise) as CodecOf<P, Id>;
    },
    async close(): Promise<void> {
      closed = true;
      const open = [...loaded];
      loaded.clear();
      const results = await Promise.allSettled(
        open.map(async ([, promise]) => {
          const codec = await promise.catch(() => undefined); // its caller has the error
          await codec?.close();
        }),
      );
      for (const [i, result] of results.entries()) {
        if (result.status === "rejected") {
          throw new PluginError(open[i]![0], {
            got: `an error on closing: ${String(result.reason)}`,
            remedy: "All other tokenizers were closed.",
            cause: result.reason,
          });
        }
      }
    },
  };
}

function isContext(value: unknown): value is LoadContext {
  const { runtime, readFile } = (value ?? {}) as Partial<LoadContext>;
  return typeof runtime === "object" && runtime !== null && typeof readFile === "function";
}

/** A value in words, an object by the names of its fields. */
function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.keys(value).join(", ")} }`;
}

function checkPlugin(plugin: AnyPlugin, i: number): string {
  const manifest = plugin?.manifest as Partial<Manifest> | undefined;
  const id = manifest?.id;
  const good =
    typeof plugin?.load === "function" &&
    manifest?.format === "dtok-manifest-1" &&
    typeof id === "string" &&
    /^[a-z][a-z0-9-]*\/[a-z0-9][a-z0-9._-]*$/.test(id) &&
    id.startsWith(`${String(manifest.modality)}/`);
  if (!good) {
    throw new ArgumentError(`plugin ${i}${typeof id === "string" ? ` (${id})` : ""}`, {
      expected: 'load() and a "dtok-manifest-1" whose id is "<modality>/<name>" in lower case',
      got: JSON.stringify({ format: manifest?.format, id, modality: manifest?.modality }),
      remedy: "See the plugin template.",
    });
  }
  return id;
}

/** The known ids, those that share most with the wrong one first. */
function nearest(id: unknown, known: ReadonlyMap<string, unknown>): string {
  const text = String(id);
  const shared = (other: string): number => {
    let n = 0;
    while (n < other.length && other[n] === text[n]) n++;
    return n;
  };
  return [...known.keys()].sort((a, b) => shared(b) - shared(a)).join(", ");
}
