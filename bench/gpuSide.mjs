/** A part of `npm run gpu` in its own process: `node bench/gpuSide.mjs memory|resume|attack ENGINE FOLDER`, as JSON. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endlessRun } from './runs.mjs'

const pwoa = await import('../dist/index.js')
const { loadEngine } = await import('../dist/engine/load/loadEngine.js')
const [, , part, engine, folder] = process.argv

const finished = async (run) => {
  const ended = await run.result
  if (ended._tag === 'Left') throw new Error(JSON.stringify(ended.left))
  return ended.right
}

/** Tensors and their bytes after some steps: they must not grow. */
const memory = async () => {
  await loadEngine(engine)
  const { tf } = await import('../dist/engine/tf.js')
  const run = (await endlessRun('mnistNet', { train: 1280, batchSize: 128 })).run({
    out: join(folder, 'memory'),
    engine,
  })
  const seen = {}
  run.metrics$.subscribe(({ step }) => {
    if (step === 20 || step === 200) seen[step] = [tf.memory().numTensors, tf.memory().numBytes]
    if (step === 200) run.stop()
  })
  await run.result
  const [early, late] = [seen[20], seen[200]]
  return { early, late, isFlat: early[0] === late[0] && early[1] === late[1] }
}

const trained = () =>
  pwoa
    .pipeline('resume', pwoa.syntheticDigits({ train: 1280, test: 10 }))
    .pipe(
      pwoa.initialise(pwoa.mnistNet),
      pwoa.crossEntropy(),
      pwoa.train({ epochs: 2 }),
      pwoa.exportModel('net.safetensors'),
    )

const weightsIn = (place) =>
  createHash('sha256')
    .update(
      readFileSync(
        join(
          place,
          readdirSync(place).find((name) => name === 'net.safetensors'),
        ),
      ),
    )
    .digest('hex')

/** A run to the end, and one that is stopped at its ninth step and resumed. */
const resume = async () => {
  const [whole, parts] = ['whole', 'parts'].map((name) => join(folder, name))
  await finished(trained().run({ out: whole, engine }))
  const stopped = trained().run({ out: parts, engine })
  stopped.metrics$.subscribe(({ step }) => {
    if (step === 9) stopped.stop()
  })
  await stopped.result
  await finished(trained().run({ resume: parts, engine }))
  return { isSame: weightsIn(whole) === weightsIn(parts) }
}

/** AutoAttack on 200 drawn digits, on a network that is trained for two epochs with a fixed seed. */
const attack = async () => {
  const run = pwoa
    .pipeline('attack', pwoa.syntheticDigits({ train: 2560, test: 200 }))
    .pipe(
      pwoa.initialise(pwoa.mnistNet),
      pwoa.crossEntropy(),
      pwoa.train({ epochs: 2 }),
      pwoa.attackEval([pwoa.autoAttack({ epsilon: 0.05 })], { examples: 200, subjects: ['after'] }),
    )
  const { seconds, after } = await finished(run.run({ out: join(folder, `attack-${engine}`), engine }))
  return { seconds: seconds.evaluation ?? seconds.total, after }
}

const parts = { memory, resume, attack }
process.stdout.write(JSON.stringify(await parts[part]()))
process.exit()
