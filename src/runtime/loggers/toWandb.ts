import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { defer } from 'rxjs'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { text } from '../../dsl/options/kinds.js'
import type { Observer } from '../../dsl/pipeline/pipeline.js'
import { measuredOf } from './measured.js'

/** What {@link toWandb} takes. */
export const toWandbOptions = declareOptions('toWandb', {
  /** The project that gets the runs. @default 'pwoa' */
  project: text('the name of a project').default('pwoa'),
})

/** Options of {@link toWandb}. */
export interface ToWandbOptions extends OptionsOf<typeof toWandbOptions> {}

/** Weights & Biases maintain a client for Python: it is sent lines of JSON. */
const client = `
import json, sys, wandb
with wandb.init(project=sys.argv[2], name=sys.argv[1]) as run:
    for line in sys.stdin:
        run.log(**json.loads(line))
`

/**
 * An observer that sends losses, accuracies and figures of your own to Weights & Biases as they arrive, through its client
 * for Python (`pip install wandb`). The run waits until all are sent; a client that fails is a warning.
 *
 * @example
 * pipeline('mine', mnist()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 *   .observe(toWandb({ project: 'pruning' }))
 * @throws OptionError for a wrong option
 * Source: ours, over the client `wandb`.
 */
export const toWandb = (options: ToWandbOptions = {}): Observer => {
  const { project } = toWandbOptions.read(options)
  return (run) => {
    // In its own process group: Ctrl-C ends the run, and the client ends after it has sent everything.
    const args = ['-c', client, basename(run.folder), project]
    const python = spawn('python3', args, { stdio: ['pipe', 2, 2], detached: true })
    // If a client ends early, its exit is reported, not the failed writes.
    python.stdin?.on('error', () => undefined)
    measuredOf(run).subscribe({
      next: ({ step, values }) => python.stdin?.write(`${JSON.stringify({ step, data: values })}\n`),
      complete: () => python.stdin?.end(),
    })
    const ended = once(python, 'close')
    return defer(async () => {
      const [code] = await ended
      if (code !== 0) throw new Error(`the W&B client ended with ${code}`)
    })
  }
}
