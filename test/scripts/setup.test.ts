import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cacheFolder, engineKey, engineSources, unavailableFile } from '../../scripts/engineCache.mjs'
import { build, installPackages } from '../../scripts/setup.mjs'
import { addonOfOtherNode, otherEngines, removeOtherEngines, setUpEngine } from '../../scripts/setupEngine.mjs'
import { fileModes, needing } from '../support/needs.js'

let folder = ''
const path = (...names: readonly string[]): string => join(folder, ...names)
const calls = async (): Promise<readonly string[]> =>
  existsSync(path('calls')) ? (await readFile(path('calls'), 'utf8')).trim().split('\n') : []

const write = async (name: string, text: string): Promise<void> => {
  await mkdir(join(path(name), '..'), { recursive: true })
  await writeFile(path(name), text)
}

/** A program that notes its arguments, then runs `body`. */
const program = (body: string): string => `
const { appendFileSync, mkdirSync, writeFileSync } = require('node:fs')
appendFileSync(${JSON.stringify(path('calls'))}, process.argv.slice(2).join(' ') + '\\n')
${body}`

const lock = (integrity: string): string => JSON.stringify({ packages: { '': {}, 'node_modules/a': { integrity } } })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pwoa-setup-'))
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

describe('packages', () => {
  beforeEach(async () => {
    await write('package-lock.json', lock('one'))
    await write('bin/npm-cli.js', program("mkdirSync('node_modules', { recursive: true })"))
    vi.stubEnv('npm_execpath', path('bin', 'npm-cli.js'))
  })

  it('are installed once, and again when the lock file changes', async () => {
    expect(await installPackages(folder)).toBe('installed')
    expect(await installPackages(folder)).toBe('present')
    expect(await calls()).toHaveLength(1)
    expect((await calls())[0]).toMatch(/^ci --ignore-scripts /)
    await write('package-lock.json', lock('two'))
    expect(await installPackages(folder)).toBe('installed')
    expect(await calls()).toHaveLength(2)
  })

  it("are left alone after a developer's own npm install", async () => {
    await write('node_modules/.package-lock.json', lock('one'))
    expect(await installPackages(folder)).toBe('present')
    expect(await calls()).toEqual([])
  })

  it('give one line where npm fails', async () => {
    await write('bin/npm-cli.js', program("console.error('npm error network: the registry is away'); process.exit(1)"))
    await expect(installPackages(folder)).rejects.toThrow('npm ci failed: npm error network: the registry is away')
  })
})

describe('build', () => {
  beforeEach(async () => {
    await write('src/a.ts', 'export const a = 1')
    await write('package.json', '{}')
    for (const name of ['tsconfig.json', 'tsconfig.build.json']) await write(name, '{}')
    await write('assembly/index.ts', 'export const a: i32 = 1')
    await write('node_modules/typescript/bin/tsc', program("mkdirSync('dist'); writeFileSync('dist/a.js', '')"))
    await write('node_modules/assemblyscript/bin/asc.js', program("writeFileSync('assembly/pwoa.wasm', '')"))
  })

  const compilations = async (): Promise<number> => (await calls()).filter((line) => line.startsWith('-p ')).length

  it('happens once, and again when a source changes or appears', async () => {
    expect(await build(folder)).toBe('built')
    expect(await build(folder)).toBe('present')
    await write('src/a.ts', 'export const a = 2')
    expect(await build(folder)).toBe('built')
    await write('src/b/c.ts', '')
    expect(await build(folder)).toBe('built')
    expect(await build(folder)).toBe('present')
    expect(await compilations()).toBe(3)
  })

  it("happens again when one of the portable engine's kernels changes, or what was made of them is gone", async () => {
    expect(await build(folder)).toBe('built')
    await write('assembly/index.ts', 'export const a: i32 = 2')
    expect(await build(folder)).toBe('built')
    await rm(path('assembly', 'pwoa.wasm'))
    expect(await build(folder)).toBe('built')
    expect(await build(folder)).toBe('present')
    expect(existsSync(path('assembly', 'pwoa.wasm'))).toBe(true)
    expect(await calls()).toHaveLength(6)
  })

  it('leaves a command that may be executed', needing(fileModes), async () => {
    const body = "mkdirSync('dist/cli', { recursive: true }); writeFileSync('dist/cli/main.js', '', { mode: 0o644 })"
    await write('node_modules/typescript/bin/tsc', program(body))
    expect(await build(folder)).toBe('built')
    expect((await stat(path('dist', 'cli', 'main.js'))).mode & 0o777).toBe(0o755)
  })

  it('that fails is tried again', async () => {
    await write('node_modules/typescript/bin/tsc', program("console.log('a.ts(1,1): error TS1: no'); process.exit(2)"))
    await expect(build(folder)).rejects.toThrow('a.ts(1,1): error TS1: no')
    await expect(build(folder)).rejects.toThrow('tsc failed')
    expect(await compilations()).toBe(2)
  })
})

describe('engine', () => {
  beforeEach(async () => {
    await write('bin/npm-cli.js', program("console.error('npm error network away'); process.exit(1)"))
    vi.stubEnv('npm_execpath', path('bin', 'npm-cli.js'))
    vi.stubEnv('PWOA_CACHE', path('cache'))
  })

  it('that can not be installed is reported with its reason, and not tried again until asked for', async () => {
    const reason = 'npm ci of tfjs-node failed: npm error network away'
    expect(await setUpEngine()).toEqual({ state: 'unavailable', reason })
    expect(await setUpEngine()).toEqual({ state: 'unavailable', reason })
    expect(await calls()).toHaveLength(1)
    expect(await setUpEngine({ retry: 'always' })).toEqual({ state: 'unavailable', reason })
    expect(await calls()).toHaveLength(2)
  })

  it('is installed from the lock file, without scripts', async () => {
    await write(
      'bin/npm-cli.js',
      program(`
const { readFileSync } = require('node:fs')
appendFileSync(${JSON.stringify(path('calls'))}, readFileSync('package-lock.json', 'utf8').length + '\\n')
process.exit(1)`),
    )
    await setUpEngine()
    const lock = await readFile(join(engineSources(), 'package-lock.json'), 'utf8')
    expect(await calls()).toEqual([expect.stringMatching(/^ci --ignore-scripts /), String(lock.length)])
  })

  it('never runs the install script that downloads a binary without a known hash, unless it is asked to', async () => {
    // As npm would install tfjs-node; without Python, the way by the wheel ends.
    const script = program("console.error('the download host is away'); process.exit(1)")
    await write(
      'bin/npm-cli.js',
      program(`
mkdirSync('node_modules/@tensorflow/tfjs-node/scripts', { recursive: true })
writeFileSync('node_modules/@tensorflow/tfjs-node/scripts/install.js', ${JSON.stringify(script)})`),
    )
    vi.stubEnv('PATH', path('bin'))
    expect((await setUpEngine()).reason).toMatch(/no Python 3 found|no libtensorflow with a known hash/)
    const asked = await setUpEngine({ retry: 'always', binary: 'unverified' })
    expect(asked.reason).toBe("tfjs-node's install script failed: the download host is away")
  })

  it('has another place in the cache with another lock file', () => {
    expect(engineKey('{}')).not.toBe(engineKey('{ "packages": {} }'))
    expect(engineKey()).toMatch(/^tfjs-node-4\.22\.0-\w+-\w+-abi\d+-[0-9a-f]{8}$/)
  })

  it('leaves nothing half made', async () => {
    await setUpEngine()
    expect(await readdir(path('cache'))).toEqual([unavailableFile(path('cache')).split(/[\\/]/).at(-1)])
  })

  it('of another version is deleted only when asked, and only if this script made it', async () => {
    const other = 'tfjs-node-4.21.0-linux-x64-abi115-0123abcd'
    await write(`cache/${other}/engine.json`, '{}')
    await write(`cache/${other}/node_modules/x.js`, '')
    await write(`cache/${engineKey()}/engine.json`, '{}')
    await write('cache/tfjs-node-4.20.0-linux-x64-abi115-4567abcd/package.json', '{}')
    await write('cache/mine/engine.json', '{}')
    await write(`cache/${other}.partial-abc/engine.json`, '{}')
    const before = await readdir(path('cache'))
    expect(otherEngines(path('cache'))).toEqual([other])
    expect(await readdir(path('cache'))).toEqual(before)
    expect(removeOtherEngines(path('cache'))).toEqual([other])
    expect(await readdir(path('cache'))).toEqual(before.filter((name) => name !== other))
    expect(removeOtherEngines(path('cache'))).toEqual([])
    expect(otherEngines(path('nowhere'))).toEqual([])
  })

  it('for a Node without headers takes the addon of the same engine for another Node, and of no other', async () => {
    const cache = path('cache')
    const addon = join('node_modules', '@tensorflow', 'tfjs-node', 'lib', 'napi-v8', 'tfjs_binding.node')
    const other = engineKey().replace(/-abi\d+-/, '-abi1-')
    for (const name of [engineKey('another lock file').replace(/-abi\d+-/, '-abi1-'), `${other}-cuda`]) {
      await write(join('cache', name, 'engine.json'), '{}')
      await write(join('cache', name, addon), '')
    }
    expect(addonOfOtherNode(cache)).toBeUndefined()
    await write(join('cache', other, addon), '')
    expect(addonOfOtherNode(cache)).toBeUndefined()
    await write(join('cache', other, 'engine.json'), '{}')
    expect(addonOfOtherNode(cache)).toBe(join(cache, other, addon))
  })

  it('of any version that was never finished is deleted after six hours', async () => {
    const [old, young] = ['tfjs-node-4.20.0-linux-x64-abi115.partial-a', `${engineKey()}.partial-b`]
    await write(`cache/${old}/package.json`, '{}')
    await write(`cache/${young}/package.json`, '{}')
    await utimes(path('cache', old), new Date(0), new Date(0))
    await setUpEngine()
    expect(await readdir(path('cache'))).toEqual([unavailableFile(path('cache')).split(/[\\/]/).at(-1), young].sort())
  })

  it('is tried again after a day, or when the set-up script has changed', async () => {
    await setUpEngine()
    const failure = JSON.parse(await readFile(unavailableFile(path('cache')), 'utf8'))
    await writeFile(unavailableFile(path('cache')), JSON.stringify({ ...failure, at: '2020-01-01T00:00:00.000Z' }))
    await setUpEngine()
    await writeFile(unavailableFile(path('cache')), JSON.stringify({ ...failure, setupVersion: 0 }))
    await setUpEngine()
    expect(await calls()).toHaveLength(3)
  })
})

describe('cacheFolder', () => {
  it.each([
    [{ PWOA_CACHE: '/own' }, 'linux', '/own'],
    [{ XDG_CACHE_HOME: '/xdg' }, 'linux', join('/xdg', 'pwoa')],
    [{}, 'linux', join('/home/u', '.cache', 'pwoa')],
    [{}, 'darwin', join('/home/u', 'Library', 'Caches', 'pwoa')],
    [{ LOCALAPPDATA: '/local' }, 'win32', join('/local', 'pwoa')],
  ] as const)('%j on %s is %s', (env, platform, expected) => {
    expect(cacheFolder(env, platform, '/home/u')).toBe(expected)
  })
})
