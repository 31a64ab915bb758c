import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openJournal } from '../../../src/runtime/folder/journalFile.js'

const newFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-journal-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'work.journal.jsonl')
}

describe('a journal', () => {
  it('has its entries again after it is reopened', () => {
    const file = newFile()
    const first = openJournal(file)
    expect([...first.entries]).toEqual([])
    first.add('a/0', { broken: [[3, 0.25]] })
    first.add('a/1', 'ß and\nlines')
    expect(first.entries.get('a/0')).toEqual({ broken: [[3, 0.25]] })
    // The file is not closed, as after a kill.
    const second = openJournal(file)
    expect([...second.entries]).toEqual([
      ['a/0', { broken: [[3, 0.25]] }],
      ['a/1', 'ß and\nlines'],
    ])
    first.close()
    second.close()
  })

  it('keeps every number exactly', () => {
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
    ['bytes that are not text', '\0\0\0\0'],
  ])('drops %s at the end, and appends after the whole lines', (_title, torn) => {
    const file = newFile()
    const first = openJournal(file)
    first.add('a', 'ä')
    first.close()
    appendFileSync(file, torn)
    const second = openJournal(file)
    expect([...second.entries]).toEqual([['a', 'ä']])
    second.add('d', 2)
    second.close()
    expect(readFileSync(file, 'utf8')).toMatch(/^\["a","ä","[0-9a-f]{16}"\]\n\["d",2,"[0-9a-f]{16}"\]\n$/)
  })

  it.each([
    ['is not an entry', '{"b":1}'],
    ['is not JSON', '["b",'],
    ['has no seal', '["b",1]'],
  ])('is refused if a whole line %s, which no crash can cause', (_title, line) => {
    const file = newFile()
    const first = openJournal(file)
    first.add('a', 1)
    first.close()
    appendFileSync(file, `${line}\n["c",1]\n`)
    expect(() => openJournal(file)).toThrow(
      expect.objectContaining({
        error: expect.objectContaining({
          _tag: 'FileError',
          file,
          expected: 'an entry ["key", value, "seal"] in line 2',
        }),
      }),
    )
    expect(readFileSync(file, 'utf8')).toContain('["c",1]')
  })

  it('names a file that cannot be written', () => {
    const file = join(newFile(), 'below-a-file')
    writeFileSync(join(file, '..'), '')
    expect(() => openJournal(file)).toThrow(/journal: .*below-a-file: expected/)
  })

  const written = (...entries: readonly (readonly [string, unknown])[]): string => {
    const file = newFile()
    const journal = openJournal(file)
    for (const [key, value] of entries) journal.add(key, value)
    journal.close()
    return file
  }

  it.each([
    ['edited', (lines: string[]) => lines.map((line) => line.replace('0.25', '0.75')), 2],
    ['removed from the middle', (lines: string[]) => lines.filter((_, i) => i !== 1), 2],
    ['removed from the beginning', (lines: string[]) => lines.slice(1), 1],
    ['swapped', ([a = '', b = '', ...rest]: string[]) => [b, a, ...rest], 1],
    ['written twice', ([a = '', ...rest]: string[]) => [a, a, ...rest], 2],
    ['of another journal', ([a = '', ...rest]: string[], other: string) => [a, other, ...rest], 2],
  ])('is refused if a line was %s, as its own and as a part', (_title, edit, line) => {
    const file = written(['a', 1], ['b', { robust: 0.25 }], ['c', 3])
    const other = readFileSync(written(['x', 1], ['b', { robust: 0.75 }]), 'utf8').split('\n')[1] ?? ''
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    writeFileSync(file, `${edit(lines, other).join('\n')}\n`)
    const error = expect.objectContaining({
      _tag: 'FileError',
      file,
      expected: `the entry that was written, in line ${line}`,
      hint: 'Remove the file: what it records is then computed again.',
    })
    expect(() => openJournal(file)).toThrow(expect.objectContaining({ error }))
    expect(() => openJournal(newFile(), [file])).toThrow(expect.objectContaining({ error }))
  })

  it('has the entries of its parts, and writes only new ones', () => {
    const parts = [written(['of', 'both'], ['a', 1]), written(['of', 'both'], ['b', null])]
    const file = newFile()
    const journal = openJournal(file, parts)
    expect(Object.fromEntries(journal.entries)).toEqual({ of: 'both', a: 1, b: null })
    journal.add('c', 3)
    journal.close()
    expect(readFileSync(file, 'utf8')).toMatch(/^\["c",3,"[0-9a-f]{16}"\]\n$/)
    const again = openJournal(file, parts)
    expect(again.entries.size).toBe(4)
    again.close()
  })

  it('refuses parts that contradict each other, and a missing one', () => {
    const parts = [written(['of', 'this'], ['a', 1]), written(['of', 'that'], ['b', 2])]
    const file = newFile()
    expect(() => openJournal(file, parts)).toThrow(
      `journal: ${parts[1]}: expected the of of the other parts, got another one`,
    )
    expect(() => openJournal(file, [newFile()])).toThrow('the journal of a finished run, got none that can be read')
    expect(existsSync(file), 'nothing is begun').toBe(false)
  })
})
