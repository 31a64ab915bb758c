// What happens in training, other than single steps.
import * as t from 'io-ts'
import { LayerWeights } from './figures.js'
import { objectCodec, recordCodec } from './kit/codecOf.js'
import { amountCodec, countCodec, finiteCodec } from './kit/figureCodecs.js'
import { Phase } from './phases.js'

/** The codec of {@link PhaseEvent}. */
export const phaseEvent = objectCodec({ type: t.literal('phase'), stage: t.string, phase: Phase, epochs: countCodec })

/** A phase of training begins. */
export interface PhaseEvent extends t.TypeOf<typeof phaseEvent> {}

/** The codec of {@link EpochEvent}. */
export const epochEvent = objectCodec({
  type: t.literal('epoch'),
  stage: t.string,
  phase: Phase,
  /** From 0. */
  epoch: countCodec,
  epochs: countCodec,
  /** Mean over the epoch's minibatches. */
  loss: finiteCodec,
  /** Means of the loss terms, by their names. */
  terms: recordCodec(finiteCodec),
  seconds: amountCodec,
})

/** An epoch of training is over. */
export interface EpochEvent extends t.TypeOf<typeof epochEvent> {}

/** The codec of {@link AdmmEvent}. */
export const admmEvent = objectCodec({
  type: t.literal('admm'),
  /** Epoch of the phase that begins with it, from 0. */
  epoch: countCodec,
  /** ρ from here on. */
  rho: amountCodec,
  /** ‖W − Z‖₂ over the pruned layers: how far the weights are from sparse ones. */
  primal: amountCodec,
  /** ρ‖Z − Z before‖₂, with the ρ of the epochs before; 0 at the first update. */
  dual: amountCodec,
})

/** ADMM's Z and U were updated. */
export interface AdmmEvent extends t.TypeOf<typeof admmEvent> {}

/** The codec of {@link WeightsEvent}. */
export const weightsEvent = objectCodec({
  type: t.literal('weights'),
  phase: Phase,
  epoch: countCodec,
  layers: t.readonlyArray(LayerWeights),
})

/** The weights of convolutions and linear layers, after an epoch. */
export interface WeightsEvent extends t.TypeOf<typeof weightsEvent> {}
