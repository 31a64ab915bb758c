import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

/** The root folder of this very package: `src/` and `dist/` both lie in it. */
export const ownRoot = fileURLToPath(new URL('../../../', import.meta.url))

/** What `import … from 'pwoa'` gives inside a running pwoa: the modules that are loaded already. */
export const ownEntry = new URL('../../index.js', import.meta.url)

/** This package's version. */
export const ownVersion = (): string => {
  const found: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  return typeof found === 'object' && found !== null && 'version' in found ? String(found.version) : 'unknown'
}

const Needs = t.type({ engines: t.type({ node: t.string }), devDependencies: t.record(t.string, t.string) })

/** What this package's package.json says of Node (`>=20`), and of the tools that it was made with. */
export const ownNeeds = (): { readonly node: string; readonly tools: Readonly<Record<string, string>> } => {
  const decoded = Needs.decode(JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')))
  if (isLeft(decoded)) throw new Error('package.json of pwoa: engines and devDependencies expected')
  const { engines, devDependencies } = decoded.right
  return { node: engines.node, tools: devDependencies }
}
