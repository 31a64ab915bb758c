/** Our side of `npm run bench`, in its own process: one kind of step, as one JSON line. */
import { parseArgs } from 'node:util'
import { loadEngine } from '../src/engine/load/loadEngine.js'
import { median, type StepSide } from './report.js'
import { type Load, models, time, type Work } from './work.js'

const flag = { type: 'string' } as const
const { values } = parseArgs({
  options: { model: flag, work: flag, engine: flag, batch: flag, batches: flag, warmup: flag, steps: flag },
})
const model = models.find((name) => name === values.model)
if (!model) throw new Error(`expected --model among ${models.join(', ')}`)
const load: Load = {
  model,
  engine: values.engine as Load['engine'],
  batch: Number(values.batch),
  batches: Number(values.batches),
  warmup: Number(values.warmup),
  steps: Number(values.steps),
}
const { whole, machinery } = await time(values.work as Work, load)
const { description } = await loadEngine(load.engine)
const side: StepSide = {
  engine: description,
  seconds: median(whole),
  machinery: machinery.length === 0 ? 0 : median(machinery),
  mebibytes: process.resourceUsage().maxRSS / 1024,
}
process.stdout.write(`${JSON.stringify(side)}\n`)
