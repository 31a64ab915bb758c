import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { MNIST_FILES } from '../../src/io/datasets/mnist/mnistFiles.js'
import { dataFindings } from '../../src/runtime/doctor/dataFindings.js'
import type { Diagnosis } from '../../src/runtime/doctor/finding.js'
import { nodeFinding, processorFinding } from '../../src/runtime/doctor/machineFindings.js'
import { queueFindings } from '../../src/runtime/doctor/queueFindings.js'
import { nonEmpty } from '../support/expectEvery.js'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

/** Hides the native engine of this machine: the cache folder is an empty one. */
const alone = (folder: string) => ({ PWOA_CACHE: join(folder, 'cache'), PWOA_QUEUE: undefined })

const diagnosed = async (args: readonly string[], folder: string, env: NodeJS.ProcessEnv = {}) => {
  const { code, stdout, stderr } = await command.run(['doctor', '--json', ...args], folder, {
    ...alone(folder),
    ...env,
  })
  const diagnosis = JSON.parse(stdout) as Diagnosis
  const about = (name: string) => diagnosis.findings.find((finding) => finding.about === name)
  return { code, stderr, lines: stdout.trimEnd().split('\n'), diagnosis, about }
}

describe('pwoa-run doctor', () => {
  test('reports which engine runs and why, the machine, the tools and the folder, with advice for everything that is missing', async () => {
    const folder = folderWith({})
    const { code, stderr, lines, diagnosis, about } = await diagnosed([], folder)
    expect([code, stderr, lines.length]).toEqual([0, '', 1])
    expect(diagnosis).toMatchObject({ pwoa: '0.1.0', engine: 'wasm' })
    expect(about('engine')).toMatchObject({
      state: 'note',
      says: 'wasm (portable, slower); 1 thread within an operation',
      advice: expect.stringContaining('native TensorFlow is not installed; run npx pwoa-setup'),
    })
    expect(about('node')).toMatchObject({
      state: 'ok',
      facts: { version: process.version, needed: '^20.15 || >=22.2' },
    })
    expect(about('pipeline files')).toMatchObject({ state: 'ok' })
    expect(about('image files')).toMatchObject({ state: 'ok' })
    expect(about('cache folder')).toMatchObject({ facts: { folder: join(folder, 'cache'), writable: true } })
    expect(about('data: MNIST')).toMatchObject({ state: 'note', says: 'not there' })
    expect(about('queue')).toBeUndefined()
    for (const { state, advice } of nonEmpty(diagnosis.findings)) expect(advice === undefined).toBe(state === 'ok')
  })

  test('prints one line per finding, with the advice below it', async () => {
    const folder = folderWith({})
    const { code, stdout } = await command.run(['doctor'], folder, alone(folder))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^pwoa 0\.1\.0\nok {7}node +v/)
    expect(stdout).toMatch(/\nnote {5}engine +wasm .*\n +→ Faster with the native one/)
  })

  test('reports why a set-up failed, and why an installed engine does not load', async () => {
    const broken = folderWith({ 'node_modules/@tensorflow/tfjs-node/package.json': '{"main":"index.js"}' })
    writeFileSync(
      join(broken, 'node_modules/@tensorflow/tfjs-node/index.js'),
      `throw new Error('libtensorflow.so.2: cannot open')`,
    )
    const key = (await import('../../scripts/engineCache.mjs')).engineKey()
    const folder = folderWith({ [`cache/engine-unavailable-${key}.json`]: '{"reason":"no C++ compiler"}' })
    expect((await diagnosed([], folder)).about('engine')?.advice).toContain('no C++ compiler')
    mkdirSync(join(folder, 'cache', key))
    writeFileSync(join(folder, 'cache', key, 'engine.json'), '{}')
    writeFileSync(join(folder, 'cache', key, 'package.json'), '{}')
    const env = { NODE_PATH: join(broken, 'node_modules') }
    expect((await diagnosed([], folder, env)).about('engine')?.advice).toContain('libtensorflow.so.2: cannot open')
  })

  test('reports a problem if the cache folder is a file', async () => {
    const folder = folderWith({ cache: 'a file' })
    const { code, about } = await diagnosed([], folder)
    expect(code).toBe(0)
    expect(about('cache folder')).toMatchObject({ state: 'problem', facts: { writable: false } })
  })

  test('has exit code 1 if no engine runs', async () => {
    const lost = `const { Module } = require('node:module')
      const resolve = Module._resolveFilename
      Module._resolveFilename = (name, ...rest) => {
        if (name === '@tensorflow/tfjs-backend-wasm') throw new Error('the backend is lost')
        return resolve(name, ...rest)
      }`
    const folder = folderWith({ 'lost.cjs': lost })
    const { code, diagnosis, about } = await diagnosed([], folder, {
      NODE_OPTIONS: `--require ${join(folder, 'lost.cjs')}`,
    })
    expect([code, diagnosis.engine]).toEqual([1, null])
    expect(about('engine')).toMatchObject({ state: 'problem', says: 'none runs: the backend is lost' })
  })
})

describe('--data-dir', () => {
  const names = Object.values(MNIST_FILES).map(({ name }) => name)
  const files = (list: readonly string[]) => folderWith(Object.fromEntries(list.map((name) => [name, ''])))

  test.each([
    ['MNIST', names.map((name) => `MNIST/raw/${name}.gz`), 'data: MNIST', 'ok', 'MNIST/raw'],
    ['a part of MNIST', names.slice(1), 'data: MNIST', 'problem', `without ${names[0]}`],
    ['CIFAR-10, archive', ['cifar/cifar-10-binary.tar.gz'], 'data: CIFAR-10', 'ok', 'cifar-10-binary.tar.gz'],
    ['CIFAR-10, a part', ['cifar-10-batches-bin/test_batch.bin'], 'data: CIFAR-10', 'problem', 'data_batch_5.bin'],
    ['CIFAR-100, whole', ['train.bin', 'test.bin'], 'data: CIFAR-100', 'ok', ''],
    ['CIFAR-10 for Python', ['cifar-10-python.tar.gz'], 'data: CIFAR-10', 'problem', 'the version for Python'],
    ['class folders', ['train/a/1.png', 'test/a/1.png'], 'data: class folders of images', 'ok', ''],
    ['half of the class folders', ['train/a/1.png'], 'data: class folders of images', 'problem', 'without test'],
    ['nothing', ['readme.txt'], 'data', 'problem', 'neither MNIST nor CIFAR'],
  ])('recognises %s', async (_, list, name, state, says) => {
    const findings = await dataFindings(files(list))
    expect(findings).toMatchObject([{ about: name, state, says: expect.stringContaining(says) }])
  })

  test('replaces the cache folder', async () => {
    const folder = folderWith({ 'data/readme.txt': '' })
    const { about } = await diagnosed(['--data-dir', 'data'], folder)
    expect(about('data')?.facts).toEqual({ folder: join(folder, 'data') })
    expect(about('data: MNIST')).toBeUndefined()
  })
})

test('an outdated Node is a problem', () => {
  expect(nodeFinding('v18.20.1')).toMatchObject({ state: 'problem', advice: 'Install a Node of ^20.15 || >=22.2.' })
  const states = ['v20.14.0', 'v20.15.0', 'v21.7.3', 'v22.1.0', 'v22.2.0', 'v24.0.0'].map(
    (version) => nodeFinding(version).state,
  )
  expect(states).toEqual(['problem', 'ok', 'problem', 'problem', 'ok', 'ok'])
  expect(nodeFinding('v100.0.0').state).toBe('ok')
})

test('a limit on threads is noted if the machine has more cores', () => {
  expect(processorFinding({}).state).toBe('ok')
  const { facts, state } = processorFinding({ TF_NUM_INTRAOP_THREADS: '1' })
  expect(state).toBe(Number(facts.cores) > 2 ? 'note' : 'ok')
})

describe('the queue', () => {
  test('is examined if it is configured, and its password is never shown', async () => {
    expect(await queueFindings({})).toEqual([])
    const [finding] = await queueFindings({ PWOA_QUEUE: 'redis://me:secret@127.0.0.1:1' })
    expect(finding).toMatchObject({ state: 'problem', says: expect.stringContaining('redis://127.0.0.1:1: ') })
    expect(finding?.says).toContain('ECONNREFUSED')
    expect(JSON.stringify(finding)).not.toContain('secret')
    expect(await queueFindings({ PWOA_QUEUE: 'http://x' })).toMatchObject([{ state: 'problem' }])
    expect(await queueFindings({ PWOA_QUEUE: 'redis://:100%@x' })).toMatchObject([
      { state: 'problem', advice: 'Write % as %25. Mend or unset PWOA_QUEUE.' },
    ])
  })
})
