import type { CallName, Calls, Progress, Response } from "./protocol.js";

export interface Client {
  call<N extends CallName>(name: N, args: Calls[N]["args"]): Promise<Calls[N]["result"]>;
  close(): void;
}

/** Asks a worker and waits; an error of the worker, or its end, rejects what is waiting. */
export function createClient(worker: Worker, onProgress: (progress: Progress) => void): Client {
  const waiting = new Map<number, { resolve(v: unknown): void; reject(e: Error): void }>();
  let next = 0;
  const failAll = (message: string) => {
    for (const { reject } of waiting.values()) reject(new Error(message));
    waiting.clear();
  };
  worker.addEventListener("message", ({ data }: MessageEvent<Response>) => {
    if ("progress" in data) {
      onProgress(data.progress);
      return;
    }
    const entry = waiting.get(data.id);
    waiting.delete(data.id);
    if ("error" in data) entry?.reject(new Error(data.error));
    else entry?.resolve(data.result);
  });
  worker.addEventListener("error", (event) => {
    failAll(event.message || "The worker could not start.");
  });
  return {
    call: (name, args) =>
      new Promise<never>((resolve, reject) => {
        const id = next++;
        waiting.set(id, { resolve: resolve as (v: unknown) => void, reject });
        worker.postMessage({ id, call: name, args }, []);
      }),
    close() {
      worker.terminate();
      failAll("The playground was left.");
    },
  };
}
