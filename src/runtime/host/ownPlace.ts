// Where this package lies. Commands that run nothing load this file, so it loads no package.
import { fileURLToPath } from 'node:url'

/** A bundle in CommonJS has no `import.meta.url`. */
const here = import.meta.url ?? 'file:///'

/** The root folder of this package: it contains `src/` or `dist/`. */
export const ownRoot = fileURLToPath(new URL('../../../', here))

/** The module that `import … from 'pwoa'` means in a pipeline file: the one that is loaded already. */
export const ownEntry = new URL('../../index.js', here)
