import type { ModelRuntime } from "@dtok/core";

/** A runtime that adds up the time its sessions run. */
export function timedRuntime(runtime: ModelRuntime): {
  runtime: ModelRuntime;
  milliseconds: () => number;
} {
  let total = 0;
  return {
    milliseconds: () => total,
    runtime: {
      name: runtime.name,
      close: () => runtime.close(),
      load: async (bytes, options) => {
        const session = await runtime.load(bytes, options);
        return {
          inputs: session.inputs,
          outputs: session.outputs,
          close: () => session.close(),
          run: async (feeds, outputs) => {
            const start = performance.now();
            try {
              return await session.run(feeds, outputs);
            } finally {
              total += performance.now() - start;
            }
          },
        };
      },
    },
  };
}
