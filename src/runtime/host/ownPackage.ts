import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PwoaFailure } from '../../dsl/errors.js'

/** A bundle in CommonJS has no `import.meta.url`. */
const here = import.meta.url ?? 'file:///'

/** The root folder of this very package: `src/` and `dist/` both lie in it. */
export const ownRoot = fileURLToPath(new URL('../../../', here))

/** What `import … from 'pwoa'` gives inside a running pwoa: the modules that are loaded already. */
export const ownEntry = new URL('../../index.js', here)

const Manifest = t.type({
  name: t.literal('pwoa'),
  version: t.string,
  engines: t.type({ node: t.string }),
  devDependencies: t.record(t.string, t.string),
})

/** This package's package.json. Throws a `UsageError` if a bundler has moved this module away from it. */
const ownManifest = (): t.TypeOf<typeof Manifest> => {
  const file = join(ownRoot, 'package.json')
  const decoded = Manifest.decode(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)
  if (isLeft(decoded)) {
    throw new PwoaFailure({
      _tag: 'UsageError',
      stage: 'pwoa',
      expected: 'to run from its own package, beside its kernels and pages',
      actual: 'a bundle that contains its code',
      hint: 'Leave pwoa out of the bundle, e.g. with esbuild --external:pwoa.',
    })
  }
  return decoded.right
}

/** This package's version. */
export const ownVersion = (): string => ownManifest().version

/** What this package's package.json says of Node (`>=20`), and of the tools that it was made with. */
export const ownNeeds = (): { readonly node: string; readonly tools: Readonly<Record<string, string>> } => {
  const { engines, devDependencies } = ownManifest()
  return { node: engines.node, tools: devDependencies }
}
