import type { Either } from 'fp-ts/lib/Either.js'
import { either, isRight, left, right } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../dsl/errors.js'
import { sameVersion } from './fileVersion.js'
import type { PipelineFile } from './loadPipelineFile.js'
import type { Runnable } from './runnable.js'
import { withPlace } from './withPlace.js'

/** What a pipeline file makes of the given parameters. An error names the line of the user's file it comes from. */
export const makeFromFile = (
  exported: PipelineFile,
  values: Readonly<Record<string, string>>,
): Either<PwoaError, Runnable> => {
  const made = makeOf(exported, values)
  if (isRight(made)) sameVersion(exported, made.right)
  return made
}

const makeOf = (exported: PipelineFile, values: Readonly<Record<string, string>>): Either<PwoaError, Runnable> => {
  if (exported.kind === 'definition') return either.mapLeft(exported.make(values), withPlace)
  const [key] = Object.keys(values)
  return key === undefined ? right(exported) : left(takesNone(key))
}

const takesNone = (key: string): PwoaError => ({
  _tag: 'OptionError',
  stage: `--set ${key}`,
  expected: 'no parameters: the file does not use definePipeline',
  actual: `"${key}"`,
})
