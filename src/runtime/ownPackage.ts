import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The root folder of this very package: `src/` and `dist/` both lie in it. */
export const ownRoot = fileURLToPath(new URL('../../', import.meta.url))

/** What `import … from 'pwoa'` gives inside a running pwoa: the modules that are loaded already. */
export const ownEntry = new URL('../index.js', import.meta.url)

/** This package's version. */
export const ownVersion = (): string => {
  const found: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : 'unknown'
}
