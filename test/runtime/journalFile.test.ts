import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openJournal } from '../../src/runtime/journalFile.js'

const newFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'work.journal.jsonl')
}

describe('a journal', () => {
  it('gives back what was added, in another life', () => {
    const file = newFile()
    const first = openJournal(file)
    expect([...first.entries]).toEqual([])
    first.add('a/0', { broken: [[3, 0.25]] })
    first.add('a/1', 'ß and\nlines')
    expect(first.entries.get('a/0')).toEqual({ broken: [[3, 0.25]] })
    // Nothing is closed: as after a kill.
    const second = openJournal(file)
    expect([...second.entries]).toEqual([
      ['a/0', { broken: [[3, 0.25]] }],
      ['a/1', 'ß and\nlines'],
    ])
    first.close()
    second.close()
  })

  it('keeps every number as it was', () => {
    const file = newFile()
    const values = [0.1, Math.fround(0.1), 2 ** -149, 3.4e38, Number.MIN_VALUE]
    const first = openJournal(file)
    first.add('numbers', values)
    first.close()
    const second = openJournal(file)
    expect(second.entries.get('numbers')).toEqual(values)
    second.close()
  })

  it.each([
    ['half a line', '["b", {"bro'],
    ['a line without its end', '["b", 1]'],
    ['bytes that are no text', '\0\0\0\0'],
    ['a line that is no entry', '{"b": 1}\n["c", 1]\n'],
  ])('drops %s at the end, and goes on behind what is whole', (_title, torn) => {
    const file = newFile()
    const first = openJournal(file)
    first.add('a', 'ä')
    first.close()
    appendFileSync(file, torn)
    const second = openJournal(file)
    expect([...second.entries]).toEqual([['a', 'ä']])
    second.add('d', 2)
    second.close()
    expect(readFileSync(file, 'utf8')).toBe('["a","ä"]\n["d",2]\n')
  })

  it('says which file can not be written', () => {
    const file = join(newFile(), 'below-a-file')
    writeFileSync(join(file, '..'), '')
    expect(() => openJournal(file)).toThrow(/journal: .*below-a-file: expected/)
  })
})
