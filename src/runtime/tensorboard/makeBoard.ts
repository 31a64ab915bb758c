import type { LoggedEvent } from '../../dsl/events.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import type { Append } from '../../io/files/writeInParts.js'
import type { AttackStrip } from '../../io/pictures/attackStrips.js'
import type { BoardEvent, BoardValue } from '../../io/tensorboard/boardEvent.js'
import { beginEventFile, eventFileName } from '../../io/tensorboard/eventFile.js'
import { valuesOfEvent, valuesOfStep } from './boardValues.js'

/** Collects a run for TensorBoard. Steps and events must come in the order in which they happened. */
export interface Board {
  readonly step: (metrics: TrainingMetrics) => void
  readonly event: (logged: LoggedEvent) => void
  /** Adds adversarial examples. @param name of the evaluation's files, without their extension */
  readonly strips: (name: string, strips: readonly AttackStrip[]) => void
  /** The name of the file, which every call has been appended to. */
  readonly name: () => string
}

/**
 * An empty board. A step's wall time is that of the last event plus the seconds of the steps since.
 *
 * @param append receives the bytes of the file, one record after the other
 */
export const makeBoard = (append: Append): Board => {
  let clock = 0
  let steps = 0
  let opened: { readonly began: number; readonly write: (event: BoardEvent) => void } | undefined

  const open = () => {
    opened ??= { began: clock, write: beginEventFile(clock, append) }
    return opened
  }
  const add = (values: readonly BoardValue[]): void => {
    const { write } = open()
    if (values.length > 0) write({ wallTime: clock, step: steps, values })
  }
  return {
    step: (metrics) => {
      clock += metrics.seconds
      steps = metrics.step
      add(valuesOfStep(metrics))
    },
    event: ({ at, step, event }) => {
      clock = Math.max(clock, at)
      steps = step
      add(valuesOfEvent(event))
    },
    strips: (name, strips) => add(strips.map((strip, i) => imageValue(`${name}/${i + 1}`, strip))),
    name: () => eventFileName(open().began),
  }
}

/** An image of a picture. The caption is in the tag, because every version of TensorBoard shows tags. */
const imageValue = (name: string, { png, height, width, channels, caption }: AttackStrip): BoardValue => ({
  tag: `${name} (${caption})`,
  image: { height, width, colorspace: channels, encodedImageString: Buffer.from(png, 'base64') },
})
