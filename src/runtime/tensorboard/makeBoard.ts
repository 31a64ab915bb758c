import type { LoggedEvent } from '../../dsl/events.js'
import type { TrainingMetrics } from '../../dsl/step.js'
import type { Append } from '../../io/files/writeInParts.js'
import { type AttackImage, attackImages } from '../../io/pictures/attackImages.js'
import type { BoardEvent, BoardValue } from '../../io/tensorboard/boardEvent.js'
import { beginEventFile, eventFileName } from '../../io/tensorboard/eventFile.js'
import { valuesOfEvent, valuesOfStep } from './boardValues.js'

/** Collects a run for TensorBoard. Steps and events must come in the order in which they happened. */
export interface Board {
  readonly step: (metrics: TrainingMetrics) => void
  readonly event: (logged: LoggedEvent) => void
  /** Adds a picture of adversarial examples. @param name of the picture, without its extension */
  readonly picture: (name: string, svg: string) => void
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
    picture: (name, svg) => add(attackImages(svg).map((image, i) => imageValue(`${name}/${i + 1}`, image))),
    name: () => eventFileName(open().began),
  }
}

/** An image of a picture. The caption is in the tag, because every version of TensorBoard shows tags. */
const imageValue = (name: string, { png, height, width, channels, caption }: AttackImage): BoardValue => ({
  tag: `${name} (${caption})`,
  image: { height, width, colorspace: channels, encodedImageString: png },
})
