import type { Augmentation } from './dataset.js'

/** Augmentations as a plan prints and hashes them. */
export const augmentationConfig = (augment: readonly Augmentation[]): readonly Readonly<Record<string, unknown>>[] =>
  augment.map(({ name, config }) => ({ name, ...config }))
