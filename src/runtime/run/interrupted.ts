import { relative } from 'node:path'
import type { InterruptedError } from '../../dsl/errors.js'

/** The error of a run that was stopped after its state was saved in `folder`. */
export const interrupted = (stage: string, folder: string): InterruptedError => ({
  _tag: 'InterruptedError',
  stage,
  expected: 'to run to the end',
  actual: 'an interruption; the state is saved',
  hint: `Go on with the option resume: ${JSON.stringify(relative('', folder) || '.')}.`,
})
