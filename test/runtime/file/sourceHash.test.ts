import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleFile } from '../../../src/runtime/file/bundleFile.js'
import { sourceHash } from '../../../src/runtime/file/sourceHash.js'
import { temporaryFolder } from '../fakes.js'

const entry = `
import { isRight } from 'fp-ts/lib/Either.js'
import { half } from './lib/half'
export default [import.meta.url, import.meta.filename, half(3), isRight]
`
const half = 'export const half = (x: number): number => x / 2'

const hashOf = async (files: { readonly entry: string; readonly half: string }): Promise<string> => {
  const folder = temporaryFolder()
  const texts = { 'p.ts': files.entry, 'lib/half.ts': files.half }
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return sourceHash((await bundleFile(join(folder, 'p.ts'), join(temporaryFolder(), 'out.mjs'))).code)
}

test('the path, the comments and the layout of a file do not change its version', async () => {
  const first = await hashOf({ entry, half })
  expect(first).toMatch(/^[0-9a-f]{20}$/)
  expect(await hashOf({ entry, half })).toBe(first)
  const commented = `// Half of it.\n/** Yes. */\n${half.replace(' => ', ' =>\n  // by two\n  ')}\n`
  expect(await hashOf({ entry: `#!/usr/bin/env node\n${entry}\n\n`, half: commented })).toBe(first)
})

test('a change of a function changes the version, in the file and in the files that it imports', async () => {
  const first = await hashOf({ entry, half })
  const inFile = await hashOf({ entry: entry.replace('half(3)', 'half(4)'), half })
  const inLibrary = await hashOf({ entry, half: half.replace('/ 2', '/ 3') })
  expect(new Set([first, inFile, inLibrary]).size).toBe(3)
})
