/** A file of the repository and the word to show for it: an option, an export, a spec. */
export interface CodeLink {
  readonly text: string;
  readonly file: string;
}

/**
 * Where the survey's name for a technique is not the name under which @dtok/core registers it, or where
 * it lives in another package. A string is an id of core's registry; of a file it is checked (by
 * survey.test.ts) that it is there and says `text`. `open` says what of the technique does not run.
 */
export const codeOfTechnique: Readonly<
  Record<string, { readonly code: readonly (string | CodeLink)[]; readonly open?: string }>
> = {
  "t-vq-vae": {
    code: ["t-vq", { text: "vqLayer", file: "packages/train/src/layers/vq.ts" }],
  },
  "t-hqa": { code: ["t-vq-reset-hqa"], open: "its reset runs; its hierarchy does not" },
  "t-cvq-vae": { code: ["t-vq-reset-cvq"] },
  "t-soft-vq-vae": { code: ["t-vq-soft"] },
  "t-ema-update": {
    code: ["t-vq-ema", { text: "vqLayer", file: "packages/train/src/layers/vq.ts" }],
  },
  "t-code-reset": { code: ["t-vq-reset-hqa", "t-vq-reset-cvq"] },
  "t-soft-quantization": { code: ["t-vq-soft"] },
  "t-stochastic-assignment": { code: ["t-vq-gumbel"] },
  "t-deterministic-assignment": { code: ["t-vq"] },
  "t-k-means-initialization": { code: ["t-kmeans-plusplus"] },
  "t-factorized-l2-normalized-codes": { code: ["t-vq-cosine"] },
  "t-stacked-quantizers": {
    code: ["t-rvq", "t-irvq"],
    open: "greedy stages run; the paper's own top-down refinement does not",
  },
  "t-reconstruction-training": {
    code: [{ text: "photoTraining", file: "packages/train/src/presets/photo.ts" }],
  },
  "t-commitment-loss": {
    code: [{ text: "commitmentLoss", file: "packages/train/src/layers/vq.ts" }],
  },
  "t-codebook-loss": {
    code: [{ text: "codebookLoss", file: "packages/train/src/layers/vq.ts" }],
  },
  "t-straight-through-estimator-ste": {
    code: [{ text: "straightThrough", file: "packages/train/src/graph/elementwise.ts" }],
  },
};
