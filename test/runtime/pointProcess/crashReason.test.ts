import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { crashReason } from '../../../src/runtime/pointProcess/crashReason.js'

const stderrOf = (code: string): string =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr

test.each([
  ['an exception', "throw new TypeError('no weights')", 'TypeError: no weights'],
  ['an exception with fields', "throw Object.assign(new Error('full'), { code: 'ENOSPC' })", 'Error: full'],
  [
    'a module that is missing',
    "import 'pwoa-is-not-there'",
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'pwoa-is-not-there'",
  ],
  ['words of its own', "console.error('first\\nlast'); process.exit(1)", 'last'],
])('%s is the reason of a crash', (_, code, reason) => {
  expect(crashReason(stderrOf(code)).slice(0, reason.length)).toBe(reason)
})

test('a process that wrote nothing has no reason', () => {
  expect(crashReason('')).toBe('')
})
