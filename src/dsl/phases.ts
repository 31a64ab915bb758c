/** The phases of training: ADMM with its penalty, masked retraining after the hard prune, and plain training. */
export type Phase = 'admm' | 'retrain' | 'train'

/** Every phase: where a loss term acts unless it says otherwise. */
export const allPhases: readonly Phase[] = ['admm', 'retrain', 'train']
