import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { missing, optionalPackages } from '../../src/dsl/optionalPackages.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'

const root = join(import.meta.dirname, '..', '..')
const text = (file: string): string => readFileSync(join(root, file), 'utf8')

const parted = Object.values(optionalPackages)
  .flat()
  .map((one) => ({ one, name: one.slice(0, one.lastIndexOf('@')), version: one.slice(one.lastIndexOf('@') + 1) }))

describe('optional packages', () => {
  it('are the optional peers of this package, of the versions that the tests use', () => {
    const { peerDependencies, devDependencies, dependencies } = JSON.parse(text('package.json'))
    const names = parted.map(({ name }) => name)
    expect([...names, '@tensorflow/tfjs-node'].sort()).toEqual(Object.keys(peerDependencies))
    expectEvery(
      parted,
      ({ name, version }) => /^[\^~]?(.*)/.exec(peerDependencies[name])?.[1]?.startsWith(`${version}.`) === true,
    )
    expectEvery(parted, ({ name }) => devDependencies[name] === peerDependencies[name] && !(name in dependencies))
  })

  it('are in the image for workers, and in the guide', () => {
    const guide = text('docs/guides/install.md')
    expect(nonEmpty(parted).filter(({ one }) => !guide.includes(one))).toEqual([])
    const { queues, buckets, charts, ...others } = optionalPackages
    const image = text('docs/machines/Dockerfile')
    const needed = [...queues, ...buckets, ...charts, ...others['figures of a worker'], ...others['image files']]
    expect(needed.filter((one) => !image.includes(` ${one}`))).toEqual([])
  })

  it('that are missing are named, with the command that installs them', async () => {
    const absent = Object.assign(new Error("Cannot find package 'bullmq'"), { code: 'ERR_MODULE_NOT_FOUND' })
    const failed = await Promise.reject(absent)
      .catch(missing('--queue', 'queues'))
      .catch((thrown) => thrown)
    expect(failed).toBeInstanceOf(PwoaFailure)
    expect(failed.error).toMatchObject({
      _tag: 'UsageError',
      stage: '--queue',
      expected: 'the packages bullmq and ioredis for queues',
      actual: 'no such package',
      hint: 'npm install bullmq@6 ioredis@5',
    })
  })

  it('that do not load on this platform say why', async () => {
    const broken = new Error('Could not load the "sharp" module\nPossible solutions')
    const failed = await Promise.reject(broken)
      .catch(missing('images', 'image files'))
      .catch((thrown) => thrown)
    expect(failed.error).toMatchObject({
      actual: 'Could not load the "sharp" module',
      hint: 'npm install sharp@0.35 --include=optional',
    })
  })
})
