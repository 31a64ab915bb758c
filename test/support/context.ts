/** A run without a runtime, for stages: everything in memory. */
import { setImmediate } from 'node:timers/promises'
import { right } from 'fp-ts/lib/Either.js'
import { lastValueFrom, map, type Observable, toArray } from 'rxjs'
import type { Position, RunContext, StageState } from '../../src/dsl/context.js'
import type { Dataset, Split } from '../../src/dsl/dataset.js'
import type { RunEvent } from '../../src/dsl/events.js'
import { tf } from '../../src/engine/tf.js'
import { type Architecture, architecture } from '../../src/models/architecture/architecture.js'
import { add, batchNorm2d, conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { seededNumbers } from './numbers.js'

const CLASSES = 3
const SIDE = 8

const tinySplit = (seed: number, count: number): Split => ({
  count,
  // A class is a brighter third of the image, so that there is something to learn.
  images: Uint8Array.from(seededNumbers(seed, count * SIDE * SIDE), (value, i) => {
    const example = Math.floor(i / (SIDE * SIDE))
    const third = Math.floor(((i % (SIDE * SIDE)) * CLASSES) / (SIDE * SIDE))
    return 64 * (value + 1) + (third === example % CLASSES ? 100 : 0)
  }),
  labels: Uint16Array.from({ length: count }, (_, i) => i % CLASSES),
})

/** 20 training, 6 held-out and 9 test images of 8 × 8 in 3 classes. */
export const tinyData: Dataset = {
  name: 'tiny',
  origin: 'synthetic',
  classes: CLASSES,
  shape: { height: SIDE, width: SIDE, channels: 1 },
  train: tinySplit(1, 20),
  validation: tinySplit(3, 6),
  test: tinySplit(2, 9),
}

/** A network for `tinyData`: each kind of layer with weights, two hidden activations. */
export const tinyNet: Architecture = architecture('tiny', tinyData.shape, [
  conv2d('conv', { out: 4, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('fc1', { out: 12 }),
  relu(),
  linear('fc2', { out: CLASSES }),
])

/** A network for `tinyData` with batch normalisation: a block with a shortcut, as in a ResNet. */
export const normalisedNet: Architecture = architecture('tiny normalised', tinyData.shape, [
  conv2d('conv1', { out: 4, kernel: 3, stride: 2, padding: 1, bias: 'none' }),
  batchNorm2d('bn1'),
  relu({ id: 'stem' }),
  conv2d('conv2', { out: 6, kernel: 3, stride: 2, padding: 1, bias: 'none' }),
  batchNorm2d('bn2'),
  conv2d('shortcut.0', { inputs: ['stem'], out: 6, kernel: 1, stride: 2, bias: 'none' }),
  batchNorm2d('shortcut.1'),
  add(['bn2', 'shortcut.1']),
  relu(),
  flatten(),
  linear('fc', { out: CLASSES }),
])

/** As large as MNIST's images, without a file: nothing is learned from it, but everything takes its time. */
export const noiseData = (count: number): Dataset => {
  const split: Split = {
    count,
    images: Uint8Array.from(seededNumbers(1, count * 784), (value) => 127 * (value + 1)),
    labels: Uint16Array.from({ length: count }, (_, i) => i % 10),
  }
  const shape = { height: 28, width: 28, channels: 1 }
  return { name: 'noise', origin: 'synthetic', classes: 10, shape, train: split, test: split }
}

/** The state that a run has left for a resumed one. */
export interface Saved {
  readonly states: Readonly<Record<string, StageState>>
  readonly position: Position
}

export interface FakeRun {
  readonly run: RunContext
  readonly events: readonly RunEvent[]
  readonly artifacts: ReadonlyMap<string, Uint8Array | string>
  /** The entries that the stages wrote, by journal. */
  readonly journals: ReadonlyMap<string, ReadonlyMap<string, unknown>>
  /** Every stage's state now, copied. */
  readonly save: () => Saved
  readonly abort: (reason: Error) => void
  /** Frees everything that the stages registered; later registrations are freed immediately. */
  readonly end: () => void
}

export interface FakeRunOptions {
  readonly seed?: number
  readonly data?: Dataset
  readonly saved?: Saved
  /** The entries that an earlier part of the run wrote. */
  readonly journals?: FakeRun['journals']
  readonly onEvent?: (event: RunEvent) => void
}

export const fakeRun = ({
  seed = 1,
  data = tinyData,
  saved,
  journals: kept,
  onEvent,
}: FakeRunOptions = {}): FakeRun => {
  const events: RunEvent[] = []
  const artifacts = new Map<string, Uint8Array | string>()
  const journals = new Map([...(kept ?? [])].map(([name, entries]) => [name, new Map(entries)]))
  const snapshots = new Map<string, () => StageState>()
  const releases: (() => void)[] = []
  const abortion = new AbortController()
  let position = saved?.position ?? { epoch: 0, batch: 0 }
  let over = false
  return {
    run: {
      seed,
      data,
      signal: abortion.signal,
      resting: () => undefined,
      emit: (event) => {
        events.push(event)
        onEvent?.(event)
      },
      restore: (stage) => saved?.states[stage],
      provide: (stage, snapshot) => void snapshots.set(stage, snapshot),
      reached: (next) => {
        position = next
      },
      atEnd: (release) => {
        if (over) release()
        else releases.push(release)
      },
      journal: (name) => {
        const entries = journals.get(name) ?? new Map<string, unknown>()
        journals.set(name, entries)
        return { entries, add: (key, value) => void entries.set(key, structuredClone(value)) }
      },
      writeArtifact: (name, content) => async () => {
        artifacts.set(name, content)
        return right(undefined)
      },
    },
    events,
    artifacts,
    journals,
    save: () =>
      structuredClone({ states: Object.fromEntries([...snapshots].map(([k, take]) => [k, take()])), position }),
    abort: (reason) => abortion.abort(reason),
    end: () => {
      over = true
      for (const release of releases.splice(0).reverse()) release()
    },
  }
}

/** All values of a stream, each seen while it is new: a minibatch can't be read later. */
export const collect = <T, V>(stream: Observable<T>, view: (value: T) => V): Promise<readonly V[]> =>
  lastValueFrom(stream.pipe(map(view), toArray()))

/** Waits for the next turns of the event loop, in which minibatches are handed back. */
export const turns = async (count = 3): Promise<void> => {
  for (let i = 0; i < count; i++) await setImmediate()
}

/** Tensors and bytes that are alive. */
export const memory = (): { readonly tensors: number; readonly bytes: number } => {
  const { numTensors, numBytes } = tf.memory()
  return { tensors: numTensors, bytes: numBytes }
}
