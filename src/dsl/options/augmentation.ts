import type { Augmentation } from '../dataset.js'
import { made } from './kinds.js'
import type { Option } from './option.js'

/** An option: an augmentation. */
export const augmentationOption = (): Option<Augmentation> =>
  made('an augmentation, such as horizontalFlip()', (value) => 'apply' in value)
