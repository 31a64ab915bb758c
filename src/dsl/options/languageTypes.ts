import type { Augmentation } from '../dataset.js'
import { allPhases } from '../phases.js'
import { choice, list, made } from './kinds.js'
import type { Option } from './option.js'

/** An option: the phases in which a stage acts. */
export const phasesOption = () => list(choice(allPhases), { least: 1 })

/** An option: an augmentation. */
export const augmentationOption = (): Option<Augmentation> =>
  made('an augmentation, such as horizontalFlip()', (value) => 'apply' in value)
