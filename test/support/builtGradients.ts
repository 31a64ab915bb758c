import { ensureGradients } from '../../scripts/gradients.mjs'
import { root } from '../../scripts/setup.mjs'

/** The tests run the sources, but the portable engine needs one file that is built. */
export const setup = (): Promise<void> => ensureGradients(root)
