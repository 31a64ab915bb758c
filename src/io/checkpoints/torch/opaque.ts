import { isKind, type PickleOpaque, type PickleValue } from './pickleValue.js'

/** A set; no state dict holds a weight in one. */
export const SET: PickleOpaque = { kind: 'opaque', name: 'set' }

/** Python's functions that make an object of the class that is their first argument. */
const MAKERS: ReadonlySet<string> = new Set([
  ...['copyreg', 'copy_reg'].flatMap((module) =>
    ['_reconstructor', '__newobj__', '__newobj_ex__'].map((name) => `${module}.${name}`),
  ),
  'numpy.core.multiarray._reconstruct',
  'numpy._core.multiarray._reconstruct',
])

/** What a call of an unknown class or function stands for. Nothing is called: only the name of the result is found. */
export const made = (callee: PickleOpaque, [first]: readonly PickleValue[]): PickleOpaque => {
  if (!MAKERS.has(callee.name)) return callee
  if (isKind('opaque')(first)) return first
  return isKind('global')(first) ? { kind: 'opaque', name: first.name } : callee
}
