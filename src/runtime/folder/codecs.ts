import * as t from 'io-ts'
import type { PwoaError } from '../../dsl/errors.js'

const details = t.intersection([
  t.type({ stages: t.record(t.string, t.number), seconds: t.number }),
  t.exact(t.partial({ meanDistance: t.number })),
])

/** Accuracies as they stand in a summary. */
export const accuraciesCodec = t.intersection([
  t.type({ clean: t.number, attacks: t.record(t.string, t.number), examples: t.number }),
  t.exact(t.partial({ details: t.record(t.string, details) })),
])

const counted = t.type({ total: t.number, kept: t.number })

const layerSize = t.type({
  layer: t.string,
  parameters: t.number,
  nonZero: t.number,
  flops: t.number,
  bytes: t.number,
  sparseBytes: t.number,
})

const latencies = t.type({
  whole: t.number,
  layers: t.readonlyArray(t.type({ layer: t.string, seconds: t.number })),
})

/** `summary.json` of a run, read back. */
export const summaryCodec = t.intersection([
  t.type({
    pipeline: t.string,
    params: t.UnknownRecord,
    seed: t.number,
    engine: t.string,
    data: t.type({ name: t.string, origin: t.string }),
    seconds: t.intersection([t.record(t.string, t.number), t.type({ total: t.number })]),
    secondsPerStep: t.record(t.string, t.number),
    epochs: t.record(t.string, t.number),
    artifacts: t.readonlyArray(t.string),
    warnings: t.readonlyArray(t.string),
  }),
  t.exact(
    t.partial({
      parameters: counted,
      flops: counted,
      masked: t.type({ parameters: t.number, flops: t.number }),
      sizes: t.intersection([
        t.type({ before: t.readonlyArray(layerSize), after: t.readonlyArray(layerSize) }),
        t.partial({ flopsKept: t.number }),
      ]),
      latency: t.type({ images: t.number, before: latencies, after: latencies }),
      profile: t.record(t.string, t.number),
      sparsity: t.number,
      before: accuraciesCodec,
      after: accuraciesCodec,
    }),
  ),
])

const facts = t.intersection([
  t.type({ stage: t.string, expected: t.string, actual: t.string }),
  t.exact(t.partial({ hint: t.string })),
])

const tagged = <T extends string>(tag: T) => t.intersection([t.type({ _tag: t.literal(tag) }), facts])
const ofFile = <T extends string>(tag: T) => t.intersection([t.type({ _tag: t.literal(tag), file: t.string }), facts])

/** A `PwoaError` that comes from another process; its cause has stayed there. */
export const errorCodec: t.Type<PwoaError, unknown> = t.union([
  tagged('UsageError'),
  tagged('OptionError'),
  ofFile('FileError'),
  tagged('RunError'),
  ofFile('WriteError'),
  tagged('InterruptedError'),
])

/** An error as another process can read it. */
export const withoutCause = ({ cause: _, ...error }: PwoaError): PwoaError => error
