import { readFileSync } from 'node:fs'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'

const Needs = t.type({ engines: t.type({ node: t.string }), devDependencies: t.record(t.string, t.string) })

/** What this package's package.json says of Node (`>=20`), and of the tools that it was made with. */
export const ownNeeds = (): { readonly node: string; readonly tools: Readonly<Record<string, string>> } => {
  const decoded = Needs.decode(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))
  if (isLeft(decoded)) throw new Error('package.json of pwoa: engines and devDependencies expected')
  const { engines, devDependencies } = decoded.right
  return { node: engines.node, tools: devDependencies }
}
