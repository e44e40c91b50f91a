// What `params` of a kernel points at: int32 fields, mostly addresses.

// @ts-ignore: a decorator
@inline
export function at(p: usize, field: usize): usize {
  return <usize>load<i32>(p + field);
}

// @ts-ignore: a decorator
@inline
export function int(p: usize, field: usize): i32 {
  return load<i32>(p + field);
}
