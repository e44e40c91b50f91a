import { Vocabulary } from "../src/index.js";

/** An image and a sound modality behind a small text tokenizer. */
export function smallVocabulary(base: number): Vocabulary {
  return new Vocabulary({
    base,
    modalities: [
      { id: "image/x", codebookSizes: [16], axes: 2 },
      { id: "sound/y", codebookSizes: [8, 5], axes: 1, layout: "delay" },
    ],
  });
}
