import type { View } from "../view.js";

export const view: View = {
  id: "items",
  title: "Items",
  takes: "CSV with a head",
  accept: ".csv,text/csv",
  icon: "M12 4v4 M12 8H6v4 M12 8h6v4 M12 8v4 M6 12v3 M18 12v3 M12 12v3 M4.5 16h3v3h-3z M10.5 16h3v3h-3z M16.5 16h3v3h-3z",
  samples: [
    { name: "108 films", file: "classics.csv" },
    { name: "9,066 films", file: "films.csv" },
  ],
  layout: "table",
  place: ({ names }, position) => names?.[position] ?? `Item ${position + 1}`,
  code(tokenizer) {
    const name = tokenizer.split("/")[1]!;
    if (name === "movielens-small") {
      return `import { filmVectors, loadRecsysTokenizer } from "@dtok/recsys";

const { codec, catalogue, close } = await loadRecsysTokenizer("${name}");
const films = [{ title: "Toy Story 5", year: "2026", genres: "Animation Children Comedy" }];
await catalogue.add(["toy-story-5"], await codec.latents(filmVectors(films)));
console.log(catalogue.idOf("toy-story-5"));
await close();`;
    }
    const [fit, spec] =
      name === "hierarchical-k-means"
        ? ["fitHierarchical", "hkmeans:3x8"]
        : ["fitResidual", "rkmeans:3x8"];
    return `import { Catalogue, ${fit}, textFeatures } from "@dtok/recsys";

const items = ["Toy Story", "Toy Story 2", "Heat", "Jumanji", "Scream", "Scream 2"];
const vectors = textFeatures(items, { dim: 256 });
const { catalogue } = await Catalogue.create(items, vectors, await ${fit}("${spec}", vectors));
console.log(catalogue.idOf("Heat"));`;
  },
};
