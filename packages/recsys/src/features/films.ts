import type { Matrix } from "@dtok/core";
import { fuse } from "./fuse.js";
import { textFeatures } from "./text.js";

/** What the films' tokenizer reads of a film. */
export interface FilmText {
  readonly title: string;
  /** Words such as "Animation Children Comedy". */
  readonly genres: string;
  /** "1995", or "" where it is not known. */
  readonly year: string;
}

/** Width of the text part, and of the collaborative part, of the films' vectors. */
export const FILM_TEXT_DIM = 768;
export const FILM_COLLABORATIVE_DIM = 64;

/**
 * Vectors [N, 832] of films, as `recsys/movielens-small` takes them: titles by words and character
 * n-grams (512 numbers, a quarter of the squared length), genres and decade by words (256, three
 * quarters), then 64 collaborative numbers. Each row depends on its film alone.
 *
 * @param collaborative [N, 64], rows of length 1 or zeros; left out: zeros, as of films that nobody has
 *   rated yet
 */
export function filmVectors(films: readonly FilmText[], collaborative?: Matrix): Matrix {
  const titles = films.map(({ title }) => title);
  const kinds = films.map(
    ({ genres, year }) => `${genres} ${year === "" ? "" : `${year.slice(0, 3)}0s`}`,
  );
  const known = collaborative ?? {
    data: new Float32Array(films.length * FILM_COLLABORATIVE_DIM),
    shape: [films.length, FILM_COLLABORATIVE_DIM],
  };
  return fuse(
    [
      { vectors: textFeatures(titles, { dim: 512, idf: false }), weight: 0.25 },
      { vectors: textFeatures(kinds, { dim: 256, ngrams: [], idf: false }), weight: 0.75 },
      { vectors: known },
    ],
    { standardise: false },
  );
}
