import * as t from 'io-ts'

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
