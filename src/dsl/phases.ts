import type { Phase } from './step.js'

/** Every phase: where a loss term acts unless it says otherwise. */
export const allPhases: readonly Phase[] = ['admm', 'retrain', 'train']
