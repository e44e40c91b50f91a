import { FormatError, isDtokError } from "@dtok/core";
import type { ModelRuntime, ModelSession, SessionOptions } from "@dtok/core";
import { refuseExternalData } from "./external.js";
import { CheckedSession } from "./tensors.js";
import type { OrtModule, OrtSession } from "./tensors.js";

interface Shared {
  readonly session: Promise<OrtSession>;
  users: number;
}

/** What the two runtimes share: checks, the cache of loaded models, closing. */
export abstract class BaseRuntime implements ModelRuntime {
  abstract readonly name: string;
  private readonly cache = new Map<string, Shared>();
  private readonly sessions = new Set<ModelSession>();

  protected constructor(protected readonly ort: OrtModule) {}

  /** onnxruntime's own session options. */
  protected abstract ortOptions(options: SessionOptions): Promise<Record<string, unknown>[]>;

  async load(model: Uint8Array, options: SessionOptions = {}): Promise<ModelSession> {
    refuseExternalData(model);
    const key = `${await digest(model)} ${JSON.stringify(options)}`;
    let shared = this.cache.get(key);
    if (!shared) {
      shared = { session: this.create(model, options), users: 0 };
      this.cache.set(key, shared);
    }
    const entry = shared;
    entry.users++;
    const release = async () => {
      if (--entry.users > 0) return;
      this.cache.delete(key);
      await (await entry.session).release();
    };
    let session: OrtSession;
    try {
      session = await entry.session;
    } catch (error) {
      this.cache.delete(key);
      throw error;
    }
    const checked: CheckedSession = new CheckedSession(this.ort, session, async () => {
      this.sessions.delete(checked);
      await release();
    });
    this.sessions.add(checked);
    return checked;
  }

  private async create(model: Uint8Array, options: SessionOptions): Promise<OrtSession> {
    let last: unknown;
    // One attempt per provider: a missing one throws, and the next is tried.
    for (const attempt of await this.ortOptions(options)) {
      try {
        return await this.ort.InferenceSession.create(model, attempt);
      } catch (error) {
        last = error;
      }
    }
    if (isDtokError(last)) throw last;
    throw new FormatError("ONNX model", {
      expected: "a graph that ONNX Runtime can load",
      got: last instanceof Error ? last.message : String(last),
      remedy: "Check the file, its operators and the version of ONNX Runtime.",
      cause: last,
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.sessions].map((session) => session.close()));
  }
}

/** SHA-256 as lower-case hexadecimal, by Web Crypto: the same in Node.js and in secure pages. */
export async function digest(bytes: Uint8Array): Promise<string> {
  const hash = await globalThis.crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Options that both runtimes understand. */
export function commonOptions(options: SessionOptions): Record<string, unknown> {
  const { threads, graphOptimization = "all", denormalsAsZero = false } = options;
  return {
    graphOptimizationLevel: graphOptimization,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(denormalsAsZero ? { extra: { session: { set_denormal_as_zero: "1" } } } : {}),
    // ORT's warnings about shapes and unused initialisers are for graph authors, not for users.
    logSeverityLevel: 3,
  };
}
