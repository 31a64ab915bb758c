/** Both lock files, the checkout's and the native engine's: what is in them, and that they say what the code says. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, test } from 'vitest'
import { TFJS_NODE_VERSION } from '../../scripts/engineCache.mjs'
import { root } from '../../scripts/setup.mjs'

const Entry = t.intersection([
  t.type({ version: t.string }),
  t.partial({ license: t.string, integrity: t.string, resolved: t.string, dev: t.boolean, devOptional: t.boolean }),
])
const Lock = t.type({ packages: t.record(t.string, t.unknown) })
const Manifest = t.partial({
  dependencies: t.record(t.string, t.string),
  peerDependencies: t.record(t.string, t.string),
  peerDependenciesMeta: t.record(t.string, t.unknown),
})

const decode = <A>(codec: t.Type<A, unknown>, value: unknown): A => {
  const decoded = codec.decode(value)
  if (isLeft(decoded)) throw new Error(PathReporter.report(decoded).join('\n'))
  return decoded.right
}
const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'))

/** What may be redistributed with nothing but a notice. */
const permissive = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense']
/** Tools of this checkout that no user installs may also have a licence of these. */
const ofTools = [...permissive, 'MPL-2.0', 'Python-2.0']
/** libvips, by which sharp decodes images: a shared library in packages of its own, which the LGPL allows. */
const isLibvips = (path: string): boolean => /^node_modules\/@img\/sharp-(libvips-|win32-|wasm32$)/.test(path)

/** Whether each part of an SPDX expression is among `allowed`, or one of them where there is a choice. */
const isAllowed = (expression: string, allowed: readonly string[]): boolean =>
  expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => allowed.includes(licence)))

describe.each(['package-lock.json', 'engine/package-lock.json'])('%s', (file) => {
  const packages = Object.entries(decode(Lock, readJson(file)).packages)
    .filter(([path]) => path !== '')
    .map(([path, entry]) => ({ path, ...decode(Entry, entry) }))

  test('every package has a licence that this project may use', () => {
    expect(packages.length).toBeGreaterThan(100)
    const refused = packages.filter(({ path, license = 'none', dev, devOptional }) => {
      const allowed = dev || devOptional ? ofTools : permissive
      return !isAllowed(license, isLibvips(path) ? [...allowed, 'LGPL-3.0-or-later'] : allowed)
    })
    expect(refused.map(({ path, license }) => `${path}: ${license}`)).toEqual([])
  })

  test('every package is known by its contents, from whichever registry it comes', () => {
    const unknown = packages.filter(({ integrity = '', resolved }) => !/^sha512-/.test(integrity) || resolved)
    expect(unknown.map(({ path }) => path)).toEqual([])
  })
})

test('the engine is one version: optional beside the package, locked for the cache folder', () => {
  const { peerDependencies, peerDependenciesMeta } = decode(Manifest, readJson('package.json'))
  const engine = { '@tensorflow/tfjs-node': TFJS_NODE_VERSION }
  expect(peerDependencies).toMatchObject(engine)
  expect(Object.values(peerDependenciesMeta ?? {})).toEqual(
    Object.keys(peerDependencies ?? {}).map(() => ({ optional: true })),
  )
  expect(decode(Manifest, readJson('engine/package.json')).dependencies).toEqual(engine)
  const { packages } = decode(Lock, readJson('engine/package-lock.json'))
  expect(packages['node_modules/@tensorflow/tfjs-node']).toMatchObject({ version: TFJS_NODE_VERSION })
})
