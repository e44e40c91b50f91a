// What `params` of a search points at: int32 fields, mostly addresses.

// @ts-ignore: a decorator
@inline
export function at(p: usize, field: usize): usize {
  return <usize>load<i32>(p + field);
}
