import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

/**
 * Ids of the sections of a WebAssembly module, in order. A section is an id, a length in LEB128, and that many bytes.
 */
const sectionsOf = (bytes: Uint8Array): readonly number[] => {
  const ids: number[] = []
  for (let at = 8; at < bytes.length; ) {
    ids.push(bytes[at++] ?? 0)
    let length = 0
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++] ?? 0
      length += (byte & 127) * 2 ** shift
      more = byte > 127
    }
    at += length
  }
  return ids
}

const START = 8
const CODE = 10
const DATA = 11

it('the compiled kernels contain no data: it would overwrite tensors in the shared heap', () => {
  const sections = sectionsOf(readFileSync(new URL('../../assembly/pwoa.wasm', import.meta.url)))
  expect(sections).toContain(CODE)
  for (const forbidden of [START, DATA]) expect(sections).not.toContain(forbidden)
})
