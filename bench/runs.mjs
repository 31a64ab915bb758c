/** Runs that are measured while they train: networks by how much state they have. */
import { spawnSync } from 'node:child_process'

/** Random images of the size of CIFAR's. */
export const grey = (count, batchSize) => {
  const split = { count, images: new Uint8Array(count * 3072).fill(127), labels: new Uint16Array(count) }
  const dataset = {
    name: 'grey images',
    origin: 'synthetic',
    classes: 10,
    shape: { height: 32, width: 32, channels: 3 },
    train: split,
    test: split,
  }
  return {
    name: 'grey images',
    config: { count },
    batchSize,
    open: () => async () => ({ _tag: 'Right', right: dataset }),
  }
}

/**
 * An ADMM phase that does not end by itself.
 * @param {'linear' | 'mnistNet' | 'resnet18'} name
 * @param build the build that runs. @default this one
 */
export const endlessRun = async (name, { train, batchSize }, build = '../dist/index.js') => {
  const pwoa = await import(build)
  const { admmMask, architecture, crossEntropy, flatten, initialise, linear, mnistNet, pipeline, resnet18 } = pwoa
  const shape = { height: 28, width: 28, channels: 1 }
  const networks = {
    linear: () => architecture('linear', shape, [flatten(), linear('l', { out: 10 })]),
    mnistNet: () => mnistNet,
    resnet18: () => resnet18(),
  }
  const digits = pwoa.syntheticDigits({ train, test: 10, batchSize })
  return pipeline(name, name === 'resnet18' ? grey(train, batchSize) : digits).pipe(
    initialise(networks[name]()),
    crossEntropy(),
    admmMask({ pattern: 'irregular', rate: 4, epochs: 10_000, retrainEpochs: 1 }),
  )
}

/** Runs a script in its own process. @returns its output, as JSON @throws Error with its error output */
export const answerOf = (script, ...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

export const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]
