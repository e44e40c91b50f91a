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
  "t-nodepiece": { code: [{ text: "NodePiece", file: "packages/graph/src/tokens/node-piece.ts" }] },
  "t-randomeq": {
    code: [{ text: "randomEntityCodes", file: "packages/graph/src/tokens/random-eq.ts" }],
  },
  "t-earl": { code: [{ text: "Earl", file: "packages/graph/src/tokens/earl.ts" }] },
  "t-gumbel-softmax": {
    code: ["t-vq-gumbel"],
    open: "its samples are drawn; a gradient through them is not in @dtok/train",
  },
  "t-random-initialization": {
    code: ["t-vq-ema", { text: "fillNormal", file: "packages/core/src/math/random.ts" }],
  },
  "t-quantizer-dropout": {
    code: [
      { text: "quantizer dropout", file: "packages/train/src/presets/audio.ts" },
      { text: "quantizer dropout", file: "packages/train/src/presets/motion.ts" },
    ],
  },
  "t-contrastive-training": {
    code: [{ text: "collaborativeLoss", file: "packages/train/src/presets/letter.ts" }],
    open: "items against their collaborative embeddings (LETTER) only",
  },
  "t-multi-codebook-quantization": { code: ["t-pq"] },
  "t-straight-through-estimator-ste": {
    code: [{ text: "straightThrough", file: "packages/train/src/graph/elementwise.ts" }],
  },
};

const layout = (spec: string, file = `${spec}.ts`): CodeLink => ({
  text: `layout ${spec}`,
  file: `packages/llm/src/layouts/${file}`,
});
const source = (text: string, file: string): CodeLink => ({ text, file: `packages/${file}` });

/**
 * What of the survey's systems runs beside their plain quantizer. Each file names the system (checked by
 * survey.test.ts under `called`, where it is written otherwise than in the survey); `open` says what does not run.
 */
export const codeOfSystem: Readonly<
  Record<
    string,
    { readonly code: readonly CodeLink[]; readonly open: string; readonly called?: string }
  >
> = {
  "s-rq-transformer": {
    code: [layout("interleaved")],
    open: "its order of codes runs; its networks do not",
  },
  "s-vit-vqgan": {
    code: [source("vq-cos", "core/src/quantizers/vq.ts")],
    open: "its quantizer by cosine runs; its networks do not",
  },
  "s-titok": { code: [layout("sequence")], open: "its layout runs; its networks do not" },
  "s-soundstream": {
    code: [source("sound preset", "train/src/presets/audio.ts")],
    open: "causal network, residual codes and quantizer dropout run and are trained (audio/sound-16k); its adversary is not",
  },
  "s-hifi-codec": {
    code: [source("group-rvq", "core/src/quantizers/group-rvq.ts")],
    open: "its quantizer runs; its networks do not",
  },
  "s-speechtokenizer": {
    code: [layout("semantic-acoustic"), layout("interleaved")],
    open: "layouts of its codes run; its networks and distillation do not",
  },
  "s-vqgraph": {
    code: [
      source("graph/debian-vq", "graph/src/learned/neighbourhood-codec.ts"),
      source("vq-graph preset", "train/src/presets/vq-graph.ts"),
    ],
    open: "the tokenizer runs and is trained (graph/debian-vq); its distillation into an MLP is not",
  },
  "s-videogpt": { code: [layout("raster")], open: "its layout runs; its networks do not" },
  "s-magvit-v2": {
    code: [source("lfq", "core/src/quantizers/lfq.ts")],
    open: "its quantizer and the factorized ids run; its networks do not",
  },
  "s-prise": {
    code: [source("skills", "motion/src/actions/skills.ts")],
    open: "byte-pair skills run on quantized actions; the network whose latents it quantizes does not",
  },
  "s-dall-e": { code: [layout("raster")], open: "its layout runs; its networks do not" },
  "s-vall-e": {
    code: [layout("coarse-to-fine"), layout("level-major")],
    open: "its order of levels runs; its networks do not",
  },
  "s-tiger": {
    code: [
      source("rq-vae preset", "train/src/presets/rq-vae.ts"),
      source("item codec", "recsys/src/codec/item-codec.ts"),
      source("resolve", "recsys/src/ids/resolve.ts"),
      layout("items"),
    ],
    open: "IDs and their training run (recsys/movielens-small); its retriever is a recipe's small GPT (tooling/recipes/recsys/retrieval.ts), in no package",
  },
  "s-eager": {
    code: [source("hkmeans", "recsys/src/quantizers/hierarchical.ts")],
    open: "its IDs run; its two-stream decoder does not",
  },
  "s-spae": {
    code: [layout("next-scale"), layout("level-major")],
    open: "layouts of its pyramid run; its networks do not",
  },
  "s-llamagen": { code: [layout("raster")], open: "its layout runs; its networks do not" },
  "s-nt-llm": {
    code: [
      source("NtLlm", "graph/src/tokens/nt-llm.ts"),
      source("greedyCover", "graph/src/anchors/cover.ts"),
    ],
    open: "anchors and distances run; the projection that a language model learns does not",
  },
  "s-dr-e": { code: [layout("nodes")], open: "its layout runs; its networks do not" },
  "s-llm-ar": {
    code: [
      source("hyperbolic actions", "motion/src/actions/hyperbolic.ts"),
      source("vq-hyp", "core/src/quantizers/vq-hyp.ts"),
    ],
    open: "its hyperbolic codebook runs; its networks do not",
  },
  "s-lc-rec": {
    code: [
      source("sinkhorn", "recsys/src/ids/sinkhorn.ts"),
      source("print", "recsys/src/ids/print.ts"),
      layout("items"),
    ],
    open: "even last codes and IDs as text run; tuning a language model does not",
  },
  "s-letter": {
    code: [source("letter preset", "train/src/presets/letter.ts"), layout("items")],
    open: "its two regularisers run in training; its ranking loss for the language model does not",
  },
  "s-colarec": {
    code: [source("hkmeans", "recsys/src/quantizers/hierarchical.ts")],
    open: "its IDs run; its networks do not",
  },
  "s-qarm": {
    code: [
      source("separate", "recsys/src/quantizers/separate.ts"),
      source("residual", "recsys/src/quantizers/residual.ts"),
    ],
    open: "its codes run; its alignment of item representations does not",
  },
  "s-chameleon": { code: [layout("raster")], open: "its layout runs; its networks do not" },
  "s-lumina-mgpt": {
    code: [layout("row-separated")],
    open: "its layout runs; its networks do not",
  },
  "s-emu3": { code: [layout("row-separated")], open: "its layout runs; its networks do not" },
  "s-tokenflow": { code: [layout("next-scale")], open: "its layout runs; its networks do not" },
  "s-speechgpt": {
    code: [layout("run-length")],
    open: "units and their layout run (audio/units-50hz); its networks do not",
  },
  "s-moshi": {
    code: [layout("parallel")],
    open: "its streams and delays run; its networks do not",
  },
  "s-omniflatten": { code: [layout("parallel")], open: "its streams run; its networks do not" },
  "s-motionglot": {
    code: [source("motion preset", "train/src/presets/motion.ts")],
    open: "codes that bodies share run and are trained (motion/bodies-rvq); its language model is not",
  },
};
