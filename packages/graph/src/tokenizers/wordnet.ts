/* Written by tooling/recipes/graph/export-links.ts. */
/** What the encoders of WordNet's synsets have in common. */
export const wordnet = {
  format: "dtok-manifest-1",
  modality: "graph",
  version: "0.1.0",
  quantizer: "nodepiece",
  stride: [1],
  licences: {
    code: "Apache-2.0",
    weights: "WordNet 3.0 licence (free for any purpose, with its notice)",
    data: "WordNet 3.1, Copyright 2011 Princeton University",
  },
  citation: "arXiv:2106.12144",
} as const;
