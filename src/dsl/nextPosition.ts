import type { Position } from './context.js'
import type { Minibatch } from './step.js'

/** The minibatch after this one. */
export const nextPosition = ({ epoch, batch, batches }: Minibatch): Position =>
  batch + 1 < batches ? { epoch, batch: batch + 1 } : { epoch: epoch + 1, batch: 0 }
