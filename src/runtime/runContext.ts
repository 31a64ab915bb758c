import { isAbsolute, join, normalize, sep } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { RunContext } from '../dsl/context.js'
import { writeWhole } from '../io/writeWhole.js'
import type { Live } from './live.js'
import type { Recorder } from './recorder.js'

/** What the run lends to its stages. */
export const runContext = (
  { folder, emit, signal }: Live,
  { registry }: Recorder,
  parts: Pick<RunContext, 'seed' | 'data' | 'atEnd'>,
): RunContext => ({
  ...parts,
  emit,
  signal,
  restore: registry.restore,
  provide: registry.provide,
  reached: registry.reached,
  writeArtifact: (name, content) => async () => {
    const file = normalize(name)
    if (isAbsolute(file) || file === '..' || file.startsWith(`..${sep}`)) {
      return E.left({ _tag: 'OptionError', stage: 'artifact', expected: 'a path inside the run folder', actual: name })
    }
    const result = await writeWhole(join(folder, file), content, 'artifact')()
    if (E.isRight(result)) emit({ type: 'artifact', file })
    return result
  },
})
