import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PwoaFailure } from '../../dsl/errors.js'
import { ownRoot } from './ownPlace.js'

const Manifest = t.type({
  name: t.literal('pwoa'),
  version: t.string,
  engines: t.type({ node: t.string }),
  peerDependencies: t.record(t.string, t.string),
  devDependencies: t.record(t.string, t.string),
})

/** This package's package.json. @throws UsageError if a bundler has moved this module away from it */
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

/** This package's version. @throws UsageError inside another bundle */
export const ownVersion = (): string => ownManifest().version

/** What a project needs beside this package, by its package.json. */
export interface OwnNeeds {
  /** The range of Node versions. */
  readonly node: string
  /** The versions of its development tools. */
  readonly tools: Readonly<Record<string, string>>
  /** The ranges of the packages that only some users need. */
  readonly peers: Readonly<Record<string, string>>
}

/** What this package's package.json says of that. @throws UsageError inside another bundle */
export const ownNeeds = (): OwnNeeds => {
  const { engines, devDependencies, peerDependencies } = ownManifest()
  return { node: engines.node, tools: devDependencies, peers: peerDependencies }
}
