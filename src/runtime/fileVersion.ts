import type { Runnable } from './runnable.js'

// Beside what a file exports, not in it: no stage and no pipeline depends on the file it stands in.
const versions = new WeakMap<object, string>()

/** Remembers which version of a pipeline file something comes from: its default export, or a pipeline made of that. */
export const rememberVersion = (of: object, version: string): void => {
  versions.set(of, version)
}

/** The version of the file that something comes from; undefined for what was made by a program. */
export const fileVersion = (of: object): string | undefined => versions.get(of)

/** What is made of a file's default export comes from the same version. */
export const sameVersion = (exported: object, made: Runnable): void => {
  const version = fileVersion(exported)
  if (version === undefined) return
  for (const pipeline of pipelinesOf(made)) rememberVersion(pipeline, version)
}

const pipelinesOf = (made: Runnable): readonly object[] => {
  if (made.kind === 'pipeline') return [made]
  return made.kind === 'sweep' ? made.points.map(({ pipeline }) => pipeline) : Object.values(made.rows)
}
