import { formatPercent } from '../../report/tables/format.js'
import type { Guess } from '../../runtime/ask/guesses.js'
import { drawTable } from './drawTable.js'
import type { Colors } from './terminal.js'

/** What a network takes a picture for. */
export interface Answer {
  readonly picture: string
  /** The most probable classes, the first of which is the network's answer. */
  readonly guesses: readonly Guess[]
}

/** A row for each picture: the class that the network sees in it, then the next ones, with their probabilities. */
export const drawGuesses = (answers: readonly Answer[], width: number, colors: Colors): string => {
  const most = Math.max(...answers.map(({ guesses }) => guesses.length))
  const header = ['picture', 'class', ...Array.from({ length: most - 1 }, (_, next) => `${next + 2}.`)]
  const rows = answers.map(({ picture, guesses }) => [
    picture,
    ...guesses.map(({ label, probability }) => `${label} ${formatPercent(probability)}`),
  ])
  return drawTable({ header, rows }, width, colors)
}
