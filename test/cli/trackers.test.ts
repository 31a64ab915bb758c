import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isRight } from 'fp-ts/lib/Either.js'
import { lastValueFrom, toArray } from 'rxjs'
import { afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { LoggedEvent } from '../../src/dsl/events.js'
import type { PlacedObserver } from '../../src/dsl/pipeline/pipeline.js'
import type { TrainingMetrics } from '../../src/dsl/step.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../runtime/fakes.js'
import { needing, python } from '../support/needs.js'
import { buildCommand, folderWith } from './commandLine.js'

let command: Awaited<ReturnType<typeof buildCommand>>
beforeAll(async () => {
  command = await buildCommand()
  return command.remove
})

const fileOf = (name: string): string => fileURLToPath(new URL(`../../pipelines/${name}.ts`, import.meta.url))

const linesOf = <A>(file: string): readonly A[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as A)

interface Entry {
  readonly step: number
  readonly values: Readonly<Record<string, number>>
}

/** What a tracker must have received of a run: the steps and evaluations in its folder, in order. */
const receivedOf = (folder: string): readonly Entry[] => {
  const steps = linesOf<TrainingMetrics>(join(folder, 'metrics.jsonl'))
  const evaluations = linesOf<LoggedEvent>(join(folder, 'events.jsonl')).flatMap(({ step, event }) =>
    event.type === 'evaluation'
      ? [{ step, values: { clean: event.accuracies.clean, ...event.accuracies.attacks } }]
      : [],
  )
  expect(steps).toHaveLength(10)
  expect(evaluations).toHaveLength(2)
  const losses = steps.map(({ step, loss, terms }) => ({ step, values: { loss, ...terms } }))
  // One evaluation is before the first step, the other after the last one.
  return [...evaluations.slice(0, 1), ...losses, ...evaluations.slice(1)]
}

interface Metric {
  readonly key: string
  readonly value: number
  readonly step: number
  readonly timestamp: number
}

interface Tracking {
  readonly uri: string
  /** The status and the metrics of the run with this name. */
  readonly runOf: (
    name: string,
    keys: readonly string[],
  ) => Promise<{ readonly status: string; readonly metrics: readonly Metric[] }>
}

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += part
  return JSON.parse(text) as Record<string, unknown>
}

const isMetric = (one: unknown): one is Metric => {
  const { key, value, step, timestamp } = one as Partial<Record<keyof Metric, unknown>>
  const numbers = [value, step, timestamp]
  return typeof key === 'string' && numbers.every(Number.isFinite) && [step, timestamp].every(Number.isInteger)
}

/**
 * A server that accepts exactly the requests that the documentation of MLflow's REST API describes.
 *
 * @param authorization the header that each request must have
 * @param refused a request that it refuses
 */
const openServer = async (authorization?: string, refused?: string): Promise<Tracking> => {
  const runs = new Map<string, { readonly name: string; status: string; readonly metrics: Metric[] }>()
  const deeds: Readonly<Record<string, (body: Record<string, unknown>) => object | undefined>> = {
    create: ({ experiment_id, run_name, start_time }) => {
      if (experiment_id !== '0' || typeof run_name !== 'string' || !Number.isInteger(start_time)) return undefined
      const run_id = `id-of-${run_name}`
      runs.set(run_id, { name: run_name, status: 'RUNNING', metrics: [] })
      return { run: { info: { run_id } } }
    },
    'log-batch': ({ run_id, metrics }) => {
      const run = runs.get(String(run_id))
      if (!run || !Array.isArray(metrics) || metrics.length > 1000 || !metrics.every(isMetric)) return undefined
      run.metrics.push(...metrics)
      return {}
    },
    update: ({ run_id, status, end_time }) => {
      const run = runs.get(String(run_id))
      const known = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']
      if (!run || !known.includes(String(status)) || !Number.isInteger(end_time)) return undefined
      run.status = String(status)
      return { run_info: { run_id, status } }
    },
  }
  const server = createServer(async (request, response) => {
    const [, what = ''] = /^\/api\/2\.0\/mlflow\/runs\/([\w-]+)$/.exec(request.url ?? '') ?? []
    const { headers } = request
    const json = request.method === 'POST' && headers['content-type'] === 'application/json'
    const taken = json && headers.authorization === authorization && what !== refused
    const answer = taken ? deeds[what]?.(await bodyOf(request)) : undefined
    response.writeHead(answer ? 200 : 400, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(answer ?? { error_code: 'INVALID_PARAMETER_VALUE' }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => void server.close())
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    runOf: async (name) => [...runs.values()].find((run) => run.name === name) ?? { status: 'none', metrics: [] },
  }
}

/** A real MLflow server that is already running. */
const realServer = (uri: string): Tracking => {
  const ask = async (path: string, body?: object): Promise<Record<string, never>> => {
    const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(`${uri}/api/2.0/mlflow/${path}`, body ? post : {})
    expect(response.status).toBe(200)
    return (await response.json()) as Record<string, never>
  }
  return {
    uri,
    runOf: async (name, keys) => {
      const found = { experiment_ids: ['0'], filter: `attributes.run_name = '${name}'` }
      const { runs } = (await ask('runs/search', found)) as unknown as {
        runs: { info: { run_id: string; status: string } }[]
      }
      const [run] = runs
      const histories = keys.map(async (key) => {
        const path = `metrics/get-history?run_id=${run?.info.run_id}&metric_key=${key}`
        return ((await ask(path)) as unknown as { metrics?: Metric[] }).metrics ?? []
      })
      return { status: run?.info.status ?? 'none', metrics: (await Promise.all(histories)).flat() }
    },
  }
}

const withoutPlace = (message: string): string => message.replace(/ \(\S+:\d+:\d+\)/, '')

/** The warnings of a small run that is watched by the observers of this pipeline. */
const warningsOf = async (
  { observers }: { readonly observers: readonly PlacedObserver[] },
  out = temporaryFolder(),
): Promise<readonly string[]> => {
  const watched = observers.reduce((one, { observer }) => one.observe(observer), fakePipeline())
  const run = watched.pipe(fakeTrain({ epochs: 1 })).run({ out })
  const events = lastValueFrom(run.events$.pipe(toArray()))
  expect(isRight(await run.result)).toBe(true)
  return (await events).flatMap((event) => (event.type === 'warning' ? [withoutPlace(event.message)] : []))
}

afterEach(() => void vi.unstubAllEnvs())

const realUri = process.env.PWOA_MLFLOW

describe('pipelines/mlflow.ts', () => {
  test('each loss and accuracy is at the server when the run has ended', async () => {
    const tracking = realUri ? realServer(realUri) : await openServer()
    const folder = folderWith({})
    const name = `run-${process.pid}`
    const args = [fileOf('mlflow'), '--engine', 'wasm', '--out', name, '--quiet']
    const { code, stderr } = await command.run(args, folder, { MLFLOW_TRACKING_URI: tracking.uri })
    expect([code, stderr]).toEqual([0, ''])
    const received = receivedOf(join(folder, name))
    const keys = [...new Set(received.flatMap(({ values }) => Object.keys(values)))]
    const { status, metrics } = await tracking.runOf(name, keys)
    expect(status).toBe('FINISHED')
    for (const key of keys) {
      const wanted = received.flatMap(({ step, values }) => (key in values ? [{ step, value: values[key] }] : []))
      expect(
        metrics.filter((metric) => metric.key === key).map(({ step, value }) => ({ step, value })),
        key,
      ).toEqual(wanted)
    }
  })

  test('a server that cannot be reached is a warning', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', 'http://127.0.0.1:1')
    const { default: made } = await import('../../pipelines/mlflow.js')
    expect(await warningsOf(made)).toEqual(['an observer failed: MLflow: fetch failed'])
  })

  test('a password in the address is sent in a header, and no warning shows it', async () => {
    vi.stubEnv('MLFLOW_TRACKING_URI', 'http://me:se%3Acret@127.0.0.1:1')
    const { default: made } = await import('../../pipelines/mlflow.js')
    expect(await warningsOf(made)).toEqual(['an observer failed: MLflow: fetch failed'])
    const out = temporaryFolder()
    const { uri, runOf } = await openServer(`Basic ${Buffer.from('me:se:cret').toString('base64')}`)
    vi.stubEnv('MLFLOW_TRACKING_URI', `${uri.replace('//', '//me:se%3Acret@')}/`)
    expect(await warningsOf(made, out)).toEqual([])
    expect(await runOf(basename(out), [])).toMatchObject({ status: 'FINISHED', metrics: { length: 10 } })
  })

  test('a batch that the server refuses is a warning, and its run is still marked as finished', async () => {
    const out = temporaryFolder()
    const { uri, runOf } = await openServer(undefined, 'log-batch')
    vi.stubEnv('MLFLOW_TRACKING_URI', uri)
    const { default: made } = await import('../../pipelines/mlflow.js')
    const refusal = 'an observer failed: MLflow: 400 {"error_code":"INVALID_PARAMETER_VALUE"}'
    expect(await warningsOf(made, out)).toEqual([refusal])
    expect(await runOf(basename(out), [])).toEqual(expect.objectContaining({ status: 'FINISHED', metrics: [] }))
  })
})

/** The documented part of the client that the pipeline uses; it writes what it receives to a file. */
const standIn = `
import json, os
class Run:
    def __enter__(self): return self
    def __exit__(self, *thrown): self.file.close()
    def log(self, data, step=None): self.file.write(json.dumps({"step": step, "values": data}) + "\\n")
def init(project=None, name=None):
    run = Run()
    run.file = open(os.environ["LOG"], "w")
    run.file.write(json.dumps({"project": project, "name": name}) + "\\n")
    return run
`

describe('pipelines/wandb.ts', needing(python), () => {
  test('each loss and accuracy is with the client when the run has ended', async () => {
    const folder = folderWith({ 'python/wandb.py': standIn })
    const log = join(folder, 'log.jsonl')
    const { code, stderr } = await command.run(
      [fileOf('wandb'), '--engine', 'wasm', '--out', 'run', '--quiet'],
      folder,
      { PYTHONPATH: join(folder, 'python'), LOG: log },
    )
    expect([code, stderr]).toEqual([0, ''])
    const [first, ...rest] = linesOf<Entry>(log)
    expect(first).toEqual({ project: 'pwoa', name: 'run' })
    expect(rest).toEqual(receivedOf(join(folder, 'run')))
  })

  test.each([
    ['that fails', 'raise SystemExit(1)', /^an observer failed: the W&B client ended with 1$/],
    ['without Python', undefined, /^an observer failed: spawn python3 ENOENT$/],
  ])('a client %s is a warning', async (_, client, warning) => {
    const folder = folderWith(client === undefined ? {} : { 'wandb.py': client })
    vi.stubEnv(client === undefined ? 'PATH' : 'PYTHONPATH', folder)
    const { default: made } = await import('../../pipelines/wandb.js')
    expect(await warningsOf(made)).toEqual([expect.stringMatching(warning)])
  })
})
