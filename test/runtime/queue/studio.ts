import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderWith } from '../../cli/commandLine.js'
import { userFiles } from '../../cli/userFiles.js'
import type { OwnRedis } from './redis.js'

export const sweepFile = `
import { pipeline, sweep, syntheticDigits } from 'pwoa'
import { evaluated, halve, slowly } from './lib/halving'

export default sweep('halvings', { epochs: [30, 31, 32, 33], seed: [0, 1] }, ({ epochs }) =>
  pipeline('halving', syntheticDigits({ train: 40, test: 20, batchSize: 10 })).pipe(slowly, halve(epochs), evaluated))
`

export const evaluationFile = `
import { attackEval, autoAttack, fgsm, loadTeacher, mnistNet, pipeline, shards, square, syntheticDigits } from 'pwoa'

const epsilon = 0.3
const evaluation = shard =>
  pipeline('evaluation', syntheticDigits({ train: 128, test: 90 })).pipe(
    loadTeacher(${JSON.stringify(join(import.meta.dirname, '..', '..', '..', 'assets', 'teacher-digits.safetensors'))}, { architecture: mnistNet }),
    attackEval([autoAttack({ epsilon, version: [fgsm({ epsilon }), square({ epsilon, queries: 20 })] })], { batchSize: 8, shard }),
  )
export default process.env.PIECES === 'one' ? evaluation() : shards('evaluation', 3, evaluation)
`

/** The folder of a machine, with its own copy of the pipelines and the shared folder of runs. */
export const studio = () => {
  const cwd = folderWith(
    Object.fromEntries(
      Object.entries({ ...userFiles, 'sweep.ts': sweepFile, 'evaluation.ts': evaluationFile }).map(([name, text]) => [
        `pipelines/${name}`,
        text,
      ]),
    ),
  )
  mkdirSync(join(cwd, 'runs'))
  return cwd
}

export const workerArgs = (redis: Pick<OwnRedis, 'url'>, runs = 'runs'): readonly string[] => [
  'worker',
  '--queue',
  redis.url,
  '--pipelines',
  'pipelines',
  '--runs',
  runs,
  '--lease',
  '2',
  '--checkpoint-every',
  '5',
]

/** The number of lines of metrics. */
export const withoutTimes = (lines: string): string => lines.replace(/"seconds":[^,}]+/g, '')

/** The result of each point, without times. */
export const outcomesIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(join(folder, 'points')).map((key) => {
      const lines = readFileSync(join(folder, 'points', key, 'metrics.jsonl'), 'utf8')
      return [key, withoutTimes(lines)]
    }),
  )

export const checkpointsIn = (folder: string): number => {
  const points = join(folder, 'points')
  const folders = existsSync(points) ? readdirSync(points).map((key) => join(points, key, 'checkpoints')) : []
  return folders.filter(existsSync).flatMap((one) => readdirSync(one)).length
}

export const doneIn = (folder: string): number =>
  existsSync(join(folder, 'points'))
    ? readdirSync(join(folder, 'points')).filter((key) => existsSync(join(folder, 'points', key, 'summary.json')))
        .length
    : 0
