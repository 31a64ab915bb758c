import { toPwoaError } from '../dsl/errors.js'
import { shortPath } from '../runtime/host/shortPath.js'
import { colorsFor } from './colors.js'
import { drawDiagnosis } from './drawDiagnosis.js'
import { drawStarter } from './drawStarter.js'
import { exitCodes } from './exitCodes.js'
import type { Outcome } from './runCommand.js'
import type { Word } from './word.js'

/** Does what a word asks for. */
export const runWord = async (asked: Word): Promise<Outcome> => {
  try {
    return await (deeds[asked.word] as (word: Word) => Promise<Outcome>)(asked)
  } catch (thrown) {
    return { error: toPwoaError(asked.word, thrown) }
  }
}

/** What each word does. */
const deeds: { readonly [W in Word['word']]: (asked: Extract<Word, { word: W }>) => Promise<Outcome> } = {
  doctor: async ({ dataDir, output }) => {
    const { diagnose } = await import('../runtime/doctor/diagnose.js')
    const diagnosis = await diagnose(dataDir)
    const code = diagnosis.engine === null ? exitCodes.RunError : 0
    if (output === 'json') return { text: `${JSON.stringify(diagnosis)}\n`, code }
    return { text: drawDiagnosis(diagnosis, colorsFor(process.stdout)), code }
  },
  init: async ({ folder }) => {
    const { writeStarter } = await import('../runtime/starter/writeStarter.js')
    return { text: drawStarter(folder, await writeStarter(folder)), code: 0 }
  },
  report: async ({ folder }) => {
    const { writeReport } = await import('../runtime/records/writeReport.js')
    return { text: `${shortPath(await writeReport(folder))}\n`, code: 0 }
  },
  tensorboard: async ({ folder, out }) => {
    const { writeTensorboard } = await import('../runtime/tensorboard/writeTensorboard.js')
    return { text: (await writeTensorboard(folder, out)).map((file) => `${shortPath(file)}\n`).join(''), code: 0 }
  },
  ui: async ({ folder, at }) => {
    const { serveFolder } = await import('./serveFolder.js')
    return { text: await serveFolder(folder, at), code: 0 }
  },
  worker: async (word) => (await import('./workerCommand.js')).workerCommand(word),
}
