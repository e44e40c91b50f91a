/** Codes of a few films by the native runtime, for the browser's test: JSON on standard output. */
import { filmVectors, loadRecsysTokenizer } from "@dtok/recsys/node";

const { codec, catalogue, close } = await loadRecsysTokenizer("movielens-small");
const films = JSON.parse(process.argv[2] as string) as Parameters<typeof filmVectors>[0];
const { codes } = await codec.encode({ vectors: filmVectors(films) });
console.log(JSON.stringify({ codes: [...codes.data], id: catalogue.idOf("1") }));
await close();
