import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseArguments } from '../../src/cli/parseArguments.js'

const root = new URL('../../', import.meta.url)
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

test('cite prints BibTeX of this version, the paper and the attacks, with closed braces and keys of their own', async () => {
  const outcome = await parseArguments(['cite']).act()
  const text = 'code' in outcome ? outcome.text : ''
  const keys = [...text.matchAll(/^@\w+\{(\w+),$/gm)].map(([, key]) => key)
  expect(keys).toEqual(
    expect.arrayContaining(['pwoatool', 'pwoa', 'autoattack', 'fab', 'square', 'pgd', 'fgsm', 'cw', 'crown']),
  )
  expect(new Set(keys).size).toBe(keys.length)
  expect(text).toContain(`version = {${version}}`)
  expect(text.match(/\{/g)?.length).toBe(text.match(/\}/g)?.length)
})

test('CITATION.cff is of this version', () => {
  expect(readFileSync(new URL('CITATION.cff', root), 'utf8')).toContain(`\nversion: ${version}\n`)
})
