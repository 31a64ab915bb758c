import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { admmMask, attackEval, distill, loadTeacher, type Observer, pgd, pipeline, syntheticDigits } from 'pwoa'
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
  map,
  merge,
  mergeMap,
  ReplaySubject,
  range,
  startWith,
  takeUntil,
  tap,
  throwError,
  timeout,
  withLatestFrom,
} from 'rxjs'

/** Sends to the runs of an MLflow server through its REST API, so nothing has to be installed here. */
const client = (uri: string) => {
  const server = new URL(uri)
  const user = [server.username, server.password].map(decodeURIComponent).join(':')
  // The error of a failed fetch contains its URL, and warnings are recorded, so passwords are sent in a header.
  server.username = ''
  server.password = ''
  const base = server.href.replace(/\/+$/, '')
  const headers = {
    'Content-Type': 'application/json',
    ...(user === ':' ? {} : { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
  }
  return async (what: string, body: object) => {
    const response = await fetch(`${base}/api/2.0/mlflow/runs/${what}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    })
    if (!response.ok) throw new Error(`MLflow: ${response.status} ${await response.text()}`)
    return (await response.json()) as { readonly run: { readonly info: { readonly run_id: string } } }
  }
}

/** Sends losses and accuracies, as often as the server accepts them. The run waits for the last; a lost server is a warning. */
const toMlflow: Observer = ({ folder, metrics$, events$, result }) => {
  const post = client(process.env.MLFLOW_TRACKING_URI ?? 'http://127.0.0.1:5000')
  const step$ = metrics$.pipe(map(({ step }) => step))
  const losses$ = metrics$.pipe(map(({ step, loss, terms }) => ({ step, values: { loss, ...terms } })))
  const accuracies$ = events$.pipe(
    mergeMap((event) => (event.type === 'evaluation' ? [event.accuracies] : [])),
    withLatestFrom(step$.pipe(startWith(0))),
    map(([{ clean, attacks }, step]) => ({ step, values: { clean, ...attacks } })),
  )
  const unsent: object[] = []
  const measured$ = merge(losses$, accuracies$).pipe(
    tap(({ step, values }) => {
      for (const [key, value] of Object.entries(values)) unsent.push({ key, value, step, timestamp: Date.now() })
    }),
  )
  let id = ''
  const begin = async () => {
    const { run } = await post('create', { experiment_id: '0', run_name: basename(folder), start_time: Date.now() })
    return run.info.run_id
  }
  const send = async () => {
    const metrics = unsent.splice(0, 1000)
    if (metrics.length === 0) return
    id ||= await begin()
    await post('log-batch', { run_id: id, metrics })
  }
  const end = async () => {
    const status = (await result)._tag === 'Right' ? 'FINISHED' : 'FAILED'
    if (id !== '') await post('update', { run_id: id, status, end_time: Date.now() })
  }
  // Figures that arrive while a batch is being sent are in the next one.
  const meanwhile$ = interval(1000).pipe(takeUntil(measured$.pipe(last(null, undefined))), exhaustMap(send))
  const rest$ = defer(() => range(Math.ceil(unsent.length / 1000))).pipe(
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

const teacher = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))

/** Prunes a small network and sends its losses and accuracies to an MLflow server as they arrive. */
export default pipeline('mlflow', syntheticDigits({ train: 640, test: 100 }))
  .pipe(
    loadTeacher(teacher, { architecture: 'mnistNet' }),
    distill(),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }),
    attackEval([pgd({ epsilon: 0.3, steps: 10, stepSize: 0.05 })], { examples: 50 }),
  )
  .observe(toMlflow)
