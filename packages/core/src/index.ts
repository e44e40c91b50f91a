export type * from "./spec/index.js";
export {
  ArgumentError,
  CodeRangeError,
  DtokError,
  FormatError,
  IntegrityError,
  LimitError,
  MismatchError,
  MissingError,
  ShapeError,
  ValueError,
  isDtokError,
} from "./errors/index.js";
export type { ErrorParts } from "./errors/index.js";
