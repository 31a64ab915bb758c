import { basename } from 'node:path'
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  exhaustMap,
  finalize,
  ignoreElements,
  interval,
  last,
  ReplaySubject,
  range,
  takeUntil,
  tap,
  throwError,
  timeout,
} from 'rxjs'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { text } from '../../dsl/options/kinds.js'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import { messageOf } from '../../io/files/thrown.js'
import { measuredOf } from './measured.js'

/** What {@link toMlflow} takes. */
export const toMlflowOptions = declareOptions('toMlflow', {
  /** The address of the server. @default `MLFLOW_TRACKING_URI` of the environment, or http://127.0.0.1:5000 */
  url: text('the address of a server').optional('`MLFLOW_TRACKING_URI` of the environment, or http://127.0.0.1:5000'),
  /** The identifier of the experiment that gets the runs. @default '0' */
  experiment: text('the identifier of an experiment').default('0'),
})

/** Options of {@link toMlflow}. */
export interface ToMlflowOptions extends OptionsOf<typeof toMlflowOptions> {}

/** Figures that are sent at once. */
const BATCH = 1000

/** Calls the part of an MLflow server's REST API about runs. */
const clientOf = (url: string) => {
  const server = new URL(url)
  const user = [server.username, server.password].map(decodeURIComponent).join(':')
  // The error of a failed fetch contains its URL, and warnings are recorded, so passwords are sent in a header.
  server.username = ''
  server.password = ''
  const base = server.href.replace(/\/+$/, '')
  const headers = {
    'Content-Type': 'application/json',
    ...(user === ':' ? {} : { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
  }
  return async (what: string, body: object): Promise<unknown> => {
    const response = await fetch(`${base}/api/2.0/mlflow/runs/${what}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    }).catch((thrown: unknown) => {
      throw new Error(`MLflow: ${messageOf(thrown)}`, { cause: thrown })
    })
    if (!response.ok) throw new Error(`MLflow: ${response.status} ${await response.text()}`)
    return response.json()
  }
}

/**
 * An observer that sends losses, accuracies and figures of your own to an MLflow server through its REST API, as often as
 * the server accepts them. Nothing has to be installed. The run waits for the last; a lost server is a warning.
 *
 * @example
 * pipeline('mine', mnist()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 *   .observe(toMlflow({ url: 'http://127.0.0.1:5000' }))
 * @throws OptionError for a wrong option
 * Source: MLflow's REST API 2.0, `runs/create`, `runs/log-batch` and `runs/update`.
 */
export const toMlflow = (options: ToMlflowOptions = {}): Observer => {
  const { url, experiment } = toMlflowOptions.read(options)
  return (run) => {
    const post = clientOf(url ?? process.env.MLFLOW_TRACKING_URI ?? 'http://127.0.0.1:5000')
    const unsent: object[] = []
    const measured$ = measuredOf(run).pipe(
      tap(({ step, values }) => {
        for (const [key, value] of Object.entries(values)) unsent.push({ key, value, step, timestamp: Date.now() })
      }),
    )
    let id = ''
    const begin = async () =>
      idIn(await post('create', { experiment_id: experiment, run_name: basename(run.folder), start_time: Date.now() }))
    const send = async () => {
      const metrics = unsent.splice(0, BATCH)
      if (metrics.length === 0) return
      id ||= await begin()
      await post('log-batch', { run_id: id, metrics })
    }
    const end = async () => {
      const status = (await run.result)._tag === 'Right' ? 'FINISHED' : 'FAILED'
      if (id !== '') await post('update', { run_id: id, status, end_time: Date.now() })
    }
    // Figures that arrive while a batch is being sent are in the next one.
    const meanwhile$ = interval(1000).pipe(takeUntil(measured$.pipe(last(null, undefined))), exhaustMap(send))
    const rest$ = defer(() => range(Math.ceil(unsent.length / BATCH))).pipe(
      concatMap(send),
      ignoreElements(),
      timeout({ first: 60_000, with: () => throwError(() => new Error('MLflow: not all was sent within a minute')) }),
    )
    const sent$ = new ReplaySubject<void>()
    const sending = concat(meanwhile$, rest$).subscribe(sent$)
    // A failure is reported at once, and each warning once; the run at the server still ends.
    sent$.subscribe()
    return concat(sent$.pipe(catchError(() => EMPTY)), defer(end), sent$).pipe(finalize(() => sending.unsubscribe()))
  }
}

/** The identifier in the answer to `create`. */
const idIn = (answer: unknown): string => {
  const { run } = answer as { readonly run?: { readonly info?: { readonly run_id?: string } } }
  const id = run?.info?.run_id
  if (id === undefined) throw new Error('MLflow: the answer names no run')
  return id
}
