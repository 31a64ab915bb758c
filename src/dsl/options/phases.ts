import { allPhases } from '../phases.js'
import { choice, list } from './kinds.js'

/** An option: the phases in which a stage acts. */
export const phasesOption = () => list(choice(allPhases), { least: 1 })
