import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cudaDownloads, cudaState, engineFolder, engineKey, stampFile } from '../../scripts/engineCache.mjs'
import { removeCuda, setUpCuda } from '../../scripts/setupCuda.mjs'
import { otherEngines } from '../../scripts/setupEngine.mjs'
import { downloadWheel } from '../../scripts/wheels.mjs'
import { fileModes, needing } from '../support/needs.js'

const linux = { platform: 'linux', arch: 'x64' }

let cache = ''
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pwoa-cuda-'))
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(cache, { recursive: true })
})

const write = async (path: string, text: string): Promise<void> => {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}

/** A CUDA build of one library with 4 bytes. */
const installed = async (): Promise<string> => {
  const library = join('deps', 'libcudnn.so.8')
  await write(join(engineFolder(cache, 'cuda'), library), '1234')
  await write(stampFile(cache, 'cuda'), JSON.stringify({ libtensorflow: '2.15.1', libraries: { [library]: 4 } }))
  return join(engineFolder(cache, 'cuda'), library)
}

describe('the CUDA build', () => {
  it('has a place beside the CPU build, and is no engine of another version', async () => {
    expect(engineKey('lock', 'cuda')).toBe(`${engineKey('lock')}-cuda`)
    await installed()
    expect(otherEngines(cache)).toEqual([])
    expect(cudaState(cache)).toMatchObject({ state: 'whole', stamp: { libtensorflow: '2.15.1' } })
  })

  it('that is there is not installed again', async () => {
    await installed()
    expect(await setUpCuda({ cache, again: 'if-needed', host: linux })).toBe('present')
  })

  it('whose library is gone or cut short is damaged', async () => {
    const library = await installed()
    await writeFile(library, '123')
    expect(cudaState(cache)).toEqual({ state: 'damaged', file: library })
    await rm(library)
    expect(cudaState(cache)).toEqual({ state: 'damaged', file: library })
  })

  it('that was not finished is begun, and so is one of which only downloads are there', async () => {
    expect(cudaState(cache)).toEqual({ state: 'absent' })
    await write(join(`${engineFolder(cache, 'cuda')}.partial-1`, 'a'), '')
    expect(cudaState(cache)).toEqual({ state: 'begun' })
    expect(removeCuda(cache)).toHaveLength(1)
    expect(cudaState(cache)).toEqual({ state: 'absent' })
    await write(join(cudaDownloads(cache), 'a.whl'), '')
    expect(cudaState(cache)).toEqual({ state: 'begun' })
  })

  it('needs the CPU build, whose addon loads it', async () => {
    const made = setUpCuda({ cache, again: 'always', host: linux })
    await expect(made).rejects.toThrow('the CPU build could not be installed')
    await write(stampFile(cache), JSON.stringify({ source: 'official', libtensorflow: '2.9.1' }))
    const other = setUpCuda({ cache, again: 'always', host: linux })
    await expect(other).rejects.toThrow('the CPU build is 2.9.1 (official)')
  })

  it('is for Linux on x64 only', async () => {
    const mac = setUpCuda({ cache, again: 'if-needed', host: { platform: 'darwin', arch: 'arm64' } })
    const sentence = 'a CUDA build of libtensorflow exists for Linux on x64 only, not for darwin arm64'
    await expect(mac).rejects.toThrow(sentence)
  })
})

describe('a wheel', () => {
  const otherHash = '0'.repeat(64)
  const wheel = (hash: string) => ({ name: 'nvidia-a', version: '1.0', sha256: hash, platforms: ['manylinux1_x86_64'] })

  /** A Python whose pip writes a wheel with these contents, and notes that it was called. */
  const pythonWith = async (contents: string): Promise<string> => {
    const path = join(cache, 'bin', 'python3')
    await write(
      path,
      `#!/bin/sh
echo "$@" >> '${join(cache, 'calls')}'
while [ "$1" != --dest ]; do shift; done
printf '%s' '${contents}' > "$2/nvidia_a-1.0-py3-none-manylinux1_x86_64.whl"
`,
    )
    await chmod(path, 0o755)
    vi.stubEnv('PATH', `${join(cache, 'bin')}${delimiter}${process.env.PATH}`)
    return path
  }

  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

  const calls = async (): Promise<number> =>
    existsSync(join(cache, 'calls')) ? (await readFile(join(cache, 'calls'), 'utf8')).trim().split('\n').length : 0

  it('is downloaded once, under a name that says it is whole', needing(fileModes), async () => {
    const python = await pythonWith('wheel')
    const asked = wheel(hashOf('wheel'))
    const file = await downloadWheel(join(cache, 'd'), python, asked)
    expect(await readFile(file, 'utf8')).toBe('wheel')
    expect(await downloadWheel(join(cache, 'd'), python, asked)).toBe(file)
    expect(await calls()).toBe(1)
    expect(await readdir(join(cache, 'd'))).toEqual(['nvidia-a-1.0.whl'])
  })

  it('that is there with other contents is downloaded again', needing(fileModes), async () => {
    const python = await pythonWith('wheel')
    await write(join(cache, 'd', 'nvidia-a-1.0.whl'), 'whee')
    const file = await downloadWheel(join(cache, 'd'), python, wheel(hashOf('wheel')))
    expect(await readFile(file, 'utf8')).toBe('wheel')
  })

  it('with another hash than expected is refused, and nothing of it stays', needing(fileModes), async () => {
    const python = await pythonWith('wheel')
    await expect(downloadWheel(join(cache, 'd'), python, wheel(otherHash))).rejects.toThrow(`expected ${otherHash}`)
    expect(await readdir(join(cache, 'd'))).toEqual([])
  })
})
