import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ownSource } from '../../../src/runtime/starter/ownSource.js'
import { folderWith } from '../../cli/commandLine.js'

/** A folder whose project states this source of the package, which is installed in it at this path. */
const installed = (pwoa: string, path = 'node_modules/pwoa') => {
  const folder = folderWith({ 'app/package.json': JSON.stringify({ dependencies: { pwoa } }) })
  return { project: join(folder, 'app', 'starter'), root: join(folder, 'app', path) }
}

test.each([
  ['a version', '^0.1.0', '^0.1.0'],
  ['an address', 'https://example.org/pwoa.tgz', 'https://example.org/pwoa.tgz'],
  ['an archive beside the project', 'file:../pwoa-0.1.0.tgz', 'file:../../pwoa-0.1.0.tgz'],
  ['a linked folder', 'link:../pwoa', 'link:../../pwoa'],
])('a project states the source of the one that made it: %s', (_, stated, expected) => {
  const { project, root } = installed(stated)
  expect(ownSource(project, root)).toBe(expected)
})

test('a package deep in a store counts as installed in the project around it', () => {
  const { project, root } = installed('^0.2.0', 'node_modules/.pnpm/pwoa@0.2.0/node_modules/pwoa')
  expect(ownSource(project, root)).toBe('^0.2.0')
})

test('a checkout, and an installation that no project states, are their path', () => {
  const folder = folderWith({ 'package.json': '{}' })
  expect(ownSource(join(folder, 'new'), join(folder, 'checkout'))).toBe('file:../checkout')
  expect(ownSource(join(folder, 'new'), join(folder, 'node_modules', 'pwoa'))).toBe('file:../node_modules/pwoa')
})
