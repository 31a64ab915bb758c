import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { admmMask, attackEval, distill, loadTeacher, type Observer, pgd, pipeline, syntheticDigits } from 'pwoa'
import { defer, map, merge, mergeMap, startWith, withLatestFrom } from 'rxjs'

/** Weights & Biases maintain a client for Python (`pip install wandb`): it is sent lines of JSON. */
const client = `
import json, sys, wandb
with wandb.init(project="pwoa", name=sys.argv[1]) as run:
    for line in sys.stdin:
        run.log(**json.loads(line))
`

/** Sends losses and accuracies as they occur. The run waits until all are sent; a client that fails is a warning. */
const toWandb: Observer = ({ folder, metrics$, events$ }) => {
  // In its own process group: Ctrl-C ends the run, and the client ends after it has sent everything.
  const python = spawn('python3', ['-c', client, basename(folder)], { stdio: ['pipe', 2, 2], detached: true })
  const step$ = metrics$.pipe(map(({ step }) => step))
  const losses$ = metrics$.pipe(map(({ step, loss, terms }) => ({ step, data: { loss, ...terms } })))
  const accuracies$ = events$.pipe(
    mergeMap((event) => (event.type === 'evaluation' ? [event.accuracies] : [])),
    withLatestFrom(step$.pipe(startWith(0))),
    map(([{ clean, attacks }, step]) => ({ step, data: { clean, ...attacks } })),
  )
  // If a client ends early, its exit is reported, not the failed writes.
  python.stdin?.on('error', () => undefined)
  merge(losses$, accuracies$).subscribe({
    next: (line) => python.stdin?.write(`${JSON.stringify(line)}\n`),
    complete: () => python.stdin?.end(),
  })
  const ended = once(python, 'close')
  return defer(async () => {
    const [code] = await ended
    if (code !== 0) throw new Error(`the W&B client ended with ${code}`)
  })
}

const teacher = fileURLToPath(new URL('../assets/teacher-digits.safetensors', import.meta.url))

/** Prunes a small network and sends its losses and accuracies to Weights & Biases as they arrive. */
export default pipeline('wandb', syntheticDigits({ train: 640, test: 100 }))
  .pipe(
    loadTeacher(teacher, { architecture: 'mnistNet' }),
    distill(),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 1, retrainEpochs: 1 }),
    attackEval([pgd({ epsilon: 0.3, steps: 10, stepSize: 0.05 })], { examples: 50 }),
  )
  .observe(toWandb)
