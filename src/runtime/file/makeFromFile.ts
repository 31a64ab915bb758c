import { type Either, either, isRight, left, right } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../dsl/errors.js'
import { fileVersion, rememberVersion } from '../folder/plan.js'
import { withSourcePosition } from '../host/sourcePositions.js'
import type { Runnable } from './definePipeline.js'
import type { PipelineFile } from './loadPipelineFile.js'

/** Builds what a pipeline file describes, from parameters. An error names the line of the user's file it comes from. */
export const makeFromFile = (
  exported: PipelineFile,
  values: Readonly<Record<string, string>>,
): Either<PwoaError, Runnable> => {
  const made = makeOf(exported, values)
  if (isRight(made)) sameVersion(exported, made.right)
  return made
}

const makeOf = (exported: PipelineFile, values: Readonly<Record<string, string>>): Either<PwoaError, Runnable> => {
  if (exported.kind === 'definition') return either.mapLeft(exported.make(values), withSourcePosition)
  const [key] = Object.keys(values)
  return key === undefined ? right(exported) : left(takesNone(key))
}

const takesNone = (key: string): PwoaError => ({
  _tag: 'OptionError',
  stage: `--set ${key}`,
  expected: 'no parameters: the file does not use definePipeline',
  actual: `"${key}"`,
})

/** Records that what was built from a file's default export is of the same version. */
const sameVersion = (exported: object, made: Runnable): void => {
  const version = fileVersion(exported)
  if (version === undefined) return
  for (const pipeline of pipelinesOf(made)) rememberVersion(pipeline, version)
}

const pipelinesOf = (made: Runnable): readonly object[] => {
  if (made.kind === 'pipeline') return [made]
  return made.kind === 'sweep' ? made.points.map(({ pipeline }) => pipeline) : Object.values(made.rows)
}
