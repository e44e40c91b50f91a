import { ArgumentError, FormatError, isDtokError } from "@dtok/core";
import type { ModelRuntime, ModelSession, SessionOptions } from "@dtok/core";
import { ClosedError, describeCause } from "../errors.js";
import { digest } from "../files/sha256.js";
import { refuseExternalData } from "../onnx/external-data.js";
import type { Backend, OrtSession } from "./binding.js";
import { SessionHandle, SharedSession } from "./session.js";

export interface LoadOptions extends SessionOptions {
  /**
   * Weights that the graph keeps in files beside it, by the name it gives them. Only these are
   * permitted; a graph that asks for another is refused. Default: none.
   */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
}

interface Entry {
  readonly session: Promise<SharedSession>;
  users: number;
}

/** The same bytes under the same options make one session of ONNX Runtime, freed with its last user. */
export class OrtRuntime implements ModelRuntime {
  readonly name: "node" | "web";
  private readonly entries = new Map<string, Entry>();
  private readonly handles = new Set<SessionHandle>();
  private readonly loading = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(private readonly backend: Backend) {
    this.name = backend.name;
  }

  load(model: Uint8Array, options: LoadOptions = {}): Promise<ModelSession> {
    const loaded = this.loadNow(model, options);
    this.loading.add(loaded);
    return loaded.finally(() => this.loading.delete(loaded));
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async loadNow(model: Uint8Array, options: LoadOptions): Promise<ModelSession> {
    this.checkOpen();
    checkOptions(options);
    const external = Object.entries(options.externalData ?? {}).sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    refuseExternalData(model, new Set(external.map(([path]) => path)));
    const key = JSON.stringify([
      await digest(model),
      options.threads ?? null,
      options.providers ?? this.backend.providers,
      options.graphOptimization ?? "all",
      options.denormalsAsZero ?? false,
      await Promise.all(external.map(async ([path, data]) => [path, await digest(data)])),
    ]);
    // Hashing took a while, and close() may have come meanwhile.
    this.checkOpen();

    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { session: this.createShared(model, options, external), users: 0 };
      this.entries.set(key, entry);
    }
    const held = entry;
    held.users++;
    let shared: SharedSession;
    try {
      shared = await held.session;
    } catch (error) {
      if (this.entries.get(key) === held) this.entries.delete(key);
      throw error;
    }
    const handle = new SessionHandle(shared, async (self) => {
      this.handles.delete(self);
      if (--held.users > 0) return;
      this.entries.delete(key);
      await shared.release();
    });
    this.handles.add(handle);
    return handle;
  }

  private async createShared(
    model: Uint8Array,
    options: LoadOptions,
    external: readonly (readonly [string, Uint8Array])[],
  ): Promise<SharedSession> {
    const { fallback, binding, gate } = this.backend;
    const wanted: string[] = [];
    for (const provider of options.providers ?? this.backend.providers) {
      if (provider !== fallback && (await this.backend.available(provider))) wanted.push(provider);
    }
    const common: Record<string, unknown> = {
      graphOptimizationLevel: options.graphOptimization ?? "all",
      // Fatal only: errors reach the caller as exceptions, warnings are for authors of graphs.
      logSeverityLevel: 4,
    };
    if (options.threads !== undefined) common["intraOpNumThreads"] = options.threads;
    const entries = {
      ...(options.denormalsAsZero === true && { set_denormal_as_zero: "1" }),
      // Threads that spin after a run take the processor from what comes next: decoding a file, JavaScript.
      ...(this.backend.name === "node" && { force_spinning_stop: "1" }),
    };
    if (Object.keys(entries).length > 0) common["extra"] = { session: entries };
    if (external.length > 0) {
      common["externalData"] = external.map(([path, data]) => ({ path, data }));
    }
    const create = (providers: readonly string[]): Promise<OrtSession> =>
      gate.enter(() =>
        binding.InferenceSession.create(model, { ...common, executionProviders: providers }),
      );
    let session: OrtSession;
    try {
      session =
        wanted.length === 0
          ? await create([fallback])
          : // A provider that is listed may still fail to start (no driver, no adapter).
            await create([...wanted, fallback]).catch(() => create([fallback]));
    } catch (error) {
      if (isDtokError(error)) throw error;
      throw new FormatError("model", {
        expected: "an ONNX graph that ONNX Runtime can load",
        got: describeCause(error),
        remedy:
          "Check that the file is complete and uses operators of a version that ONNX Runtime knows.",
        cause: error,
      });
    }
    try {
      return new SharedSession(this.backend, session);
    } catch (error) {
      await gate.enter(() => session.release());
      throw error;
    }
  }

  private async closeNow(): Promise<void> {
    await Promise.allSettled(this.loading);
    await Promise.all([...this.handles].map((handle) => handle.close()));
  }

  private checkOpen(): void {
    if (this.closing === undefined) return;
    throw new ClosedError("model runtime", {
      expected: "an open runtime",
      got: "one that was closed",
      remedy: "Create a new runtime.",
    });
  }
}

const LEVELS = new Set(["disabled", "basic", "extended", "all"]);

function checkOptions({ threads, graphOptimization, providers }: LoadOptions): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 1024)) {
    throw new ArgumentError("threads", {
      expected: "an integer in [1, 1024]",
      got: String(threads),
      remedy: "Leave it out for the runtime's own choice.",
    });
  }
  if (graphOptimization !== undefined && !LEVELS.has(graphOptimization)) {
    throw new ArgumentError("graphOptimization", {
      expected: [...LEVELS].join(", "),
      got: String(graphOptimization),
      remedy: "Leave it out for all optimisations.",
    });
  }
  if (
    providers !== undefined &&
    !(Array.isArray(providers) && providers.every((p) => typeof p === "string"))
  ) {
    throw new ArgumentError("providers", {
      expected: 'a list of provider names, such as ["webgpu"]',
      got: String(providers),
      remedy: "Leave it out for the processor.",
    });
  }
}
