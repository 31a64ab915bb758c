import { appendFileSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { text } from '../../dsl/options/kinds.js'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import { runFiles } from '../folder/folderNames.js'
import { makeBoard } from '../tensorboard/makeBoard.js'

/** What {@link toTensorboard} takes. */
export const toTensorboardOptions = declareOptions('toTensorboard', {
  /** The folder that gets a folder for each run. @default `tensorboard` in the run folder */
  folder: text('the path of a folder').optional('`tensorboard` in the run folder'),
})

/** Options of {@link toTensorboard}. */
export interface ToTensorboardOptions extends OptionsOf<typeof toTensorboardOptions> {}

/** Milliseconds between two writes: a file system is not asked for each step. */
const PAUSE = 1000

/**
 * An observer that writes TensorBoard's event files while a run goes on: `tensorboard --logdir runs` shows it live, with
 * the figures of your own. A run that is resumed gets another file in the same folder. `pwoa-run tensorboard DIR` writes
 * the whole of a run afterwards, with its pictures.
 *
 * @example
 * pipeline('mine', mnist()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 })).observe(toTensorboard())
 * @throws OptionError for a wrong option
 * Source: TensorFlow's event files, as `pwoa-run tensorboard` writes them.
 */
export const toTensorboard = (options: ToTensorboardOptions = {}): Observer => {
  const { folder: chosen } = toTensorboardOptions.read(options)
  return ({ folder, metrics$, events$ }) => {
    const target = chosen === undefined ? join(folder, runFiles.board) : join(chosen, basename(folder))
    const parts: Uint8Array[] = []
    const board = makeBoard((bytes) => parts.push(bytes))
    let step = 0
    let written = Number.NEGATIVE_INFINITY
    const write = (): void => {
      written = performance.now()
      if (parts.length === 0) return
      mkdirSync(target, { recursive: true })
      appendFileSync(join(target, board.name()), Buffer.concat(parts.splice(0)))
    }
    const writeDue = (): void => {
      if (performance.now() - written > PAUSE) write()
    }
    metrics$.subscribe((metrics) => {
      step = metrics.step
      board.step(metrics)
      writeDue()
    })
    events$.subscribe({
      next: (event) => {
        board.event({ at: Date.now() / 1000, step, event })
        writeDue()
      },
      complete: write,
    })
  }
}
