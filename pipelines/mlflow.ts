import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { admmMask, attackEval, distill, loadTeacher, type Observer, pgd, pipeline, syntheticDigits } from 'pwoa'
import { bufferTime, concat, concatMap, defer, filter, map, merge, mergeMap, startWith, withLatestFrom } from 'rxjs'

/** Where `mlflow server` listens. Its REST API is asked: nothing needs to be installed here. */
const server = process.env.MLFLOW_TRACKING_URI ?? 'http://127.0.0.1:5000'

const post = async (what: string, body: object) => {
  const response = await fetch(`${server}/api/2.0/mlflow/runs/${what}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(`MLflow: ${response.status} ${await response.text()}`)
  return (await response.json()) as { readonly run: { readonly info: { readonly run_id: string } } }
}

/** Losses and accuracies, once a second. The run waits for the last of them; a server that is gone is a warning. */
const toMlflow: Observer = ({ folder, metrics$, events$, result }) => {
  const step$ = metrics$.pipe(map(({ step }) => step))
  const losses$ = metrics$.pipe(map(({ step, loss, terms }) => ({ step, values: { loss, ...terms } })))
  const accuracies$ = events$.pipe(
    mergeMap((event) => (event.type === 'evaluation' ? [event.accuracies] : [])),
    withLatestFrom(step$.pipe(startWith(0))),
    map(([{ clean, attacks }, step]) => ({ step, values: { clean, ...attacks } })),
  )
  const batches$ = merge(losses$, accuracies$).pipe(
    mergeMap(({ step, values }) =>
      Object.entries(values).map(([key, value]) => ({ key, value, step, timestamp: Date.now() })),
    ),
    bufferTime(1000, null, 1000),
    filter((metrics) => metrics.length > 0),
  )
  let id = ''
  const begin = async () => {
    const { run } = await post('create', { experiment_id: '0', run_name: basename(folder), start_time: Date.now() })
    return run.info.run_id
  }
  const send = async (metrics: readonly object[]) => {
    id ||= await begin()
    await post('log-batch', { run_id: id, metrics })
  }
  const end = async () => {
    const status = (await result)._tag === 'Right' ? 'FINISHED' : 'FAILED'
    if (id !== '') await post('update', { run_id: id, status, end_time: Date.now() })
  }
  return concat(batches$.pipe(concatMap(send)), defer(end))
}

const teacher = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))

export default pipeline('mlflow', syntheticDigits({ train: 640, test: 100 }))
  .pipe(
    loadTeacher(teacher, { architecture: 'mnistNet' }),
    distill(),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }),
    attackEval([pgd({ epsilon: 0.3, steps: 10, stepSize: 0.05 })], { examples: 50 }),
  )
  .observe(toMlflow)
