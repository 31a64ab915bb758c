import { toPwoaError } from '../dsl/errors.js'
import { shortPath } from '../runtime/shortPath.js'
import type { Outcome } from './runCommand.js'
import type { Word } from './word.js'

/** Does what a word asks for. */
export const runWord = async (asked: Word): Promise<Outcome> => {
  try {
    return { text: await (deeds[asked.word] as (word: Word) => Promise<string>)(asked) }
  } catch (thrown) {
    return { error: toPwoaError(asked.word, thrown) }
  }
}

/** What each word does; the text it returns is its result. */
const deeds: { readonly [W in Word['word']]: (asked: Extract<Word, { word: W }>) => Promise<string> } = {
  report: async ({ folder }) => {
    const { writeReport } = await import('../runtime/writeReport.js')
    return `${shortPath(await writeReport(folder))}\n`
  },
  ui: async ({ folder, at }) => {
    const { serveFolder } = await import('./serveFolder.js')
    return serveFolder(folder, at)
  },
}
