import type { Type } from 'io-ts'
import { wordCodec } from './kit/codecOf.js'

/**
 * The phases of training: ADMM with its penalty, other ways to prune while training (learned scores, thresholds, growing
 * masks), masked retraining after the hard prune, and plain training.
 */
export type Phase = 'admm' | 'prune' | 'retrain' | 'train'

/** Every phase: a loss term acts in all of them unless its options limit it. */
export const allPhases: readonly Phase[] = ['admm', 'prune', 'retrain', 'train']

/** The codec of {@link Phase}. */
export const Phase: Type<Phase> = wordCodec(`a phase (${allPhases.join(', ')})`, allPhases)
