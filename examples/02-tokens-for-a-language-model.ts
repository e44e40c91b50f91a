// A prompt and a photograph as one sequence of a language model's ids, and back.
import { loadImageTokenizer } from "@dtok/image";
import { TokenConstraint, Vocabulary, pack, unpack } from "@dtok/llm";

const tokenizer = await loadImageTokenizer("photo-16x");
const grid = await tokenizer.encode(new URL("../samples/cat.jpg", import.meta.url));
const { id, codebookSizes } = tokenizer.manifest;

// GPT-2 has 50,257 tokens of text; those of pictures come behind them.
const vocabulary = new Vocabulary({
  base: 50_257,
  modalities: [{ id, codebookSizes, axes: 2, layout: "row-separated" }],
});
const { ids, spans, sides } = pack(vocabulary, [[32, 3797, 25], grid]); // "A cat:"
console.log("ids", ids.length, "of", vocabulary.size, "spans", spans);

// While a model generates, this tells which ids may come next.
const constraint = new TokenConstraint(vocabulary, { shapes: { [id]: grid.shape } });
for (const next of ids) constraint.advance(next);
console.log("a whole sequence:", constraint.complete);

const [text, picture] = unpack(vocabulary, ids, { sides });
if (picture !== undefined && "codes" in picture) {
  const { width, height } = await tokenizer.decode(picture);
  console.log("text", text, "picture", width, "x", height);
}
await tokenizer.close();
