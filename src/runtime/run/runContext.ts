import { isAbsolute, join, normalize, sep } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { RunContext } from '../../dsl/context.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { fileName } from '../folder/folderNames.js'
import { openJournal } from '../folder/journalFile.js'
import type { ActiveRun } from './activeRun.js'
import type { Recorder } from './recorder.js'

/** A journal for each name; a second journal of the same name gets a file of its own. */
const journals = (folder: string, parts: readonly string[], atEnd: RunContext['atEnd']): RunContext['journal'] => {
  const asked = new Map<string, number>()
  return (name) => {
    const count = (asked.get(name) ?? 0) + 1
    asked.set(name, count)
    const file = `${fileName(count === 1 ? name : `${name}-${count}`)}.journal.jsonl`
    const journal = openJournal(
      join(folder, file),
      parts.map((part) => join(part, file)),
    )
    atEnd(journal.close)
    return journal
  }
}

/** The context that a run gives to its stages. */
export const runContext = (
  { folder, options, emit, signal, pauseControl }: ActiveRun,
  { registry }: Recorder,
  parts: Pick<RunContext, 'seed' | 'data' | 'atEnd'>,
): RunContext => ({
  ...parts,
  emit,
  signal,
  resting: pauseControl.resting,
  restore: registry.restore,
  provide: registry.provide,
  reached: registry.reached,
  journal: journals(folder, options.joins ?? [], parts.atEnd),
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
