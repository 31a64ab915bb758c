import { afterEach, expect, it, vi } from 'vitest'
import { run } from '../../scripts/runCommand.mjs'

afterEach(() => vi.restoreAllMocks())

/** The lines on stderr while a script runs. */
const said = async (script: string, beat: number): Promise<readonly string[]> => {
  const lines: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  const output = await run('building', process.execPath, ['-e', script], { cwd: '.', seconds: 60, beat })
  expect(output).toBe('done')
  return lines
}

it('a command that takes long shows that it still runs', async () => {
  const lines = await said("setTimeout(() => process.stdout.write('done'), 300)", 0.05)
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(line).toMatch(/^building: \d s so far\n$/)
})

it('a short one says nothing', async () => {
  expect(await said("process.stdout.write('done')", 60)).toEqual([])
})
