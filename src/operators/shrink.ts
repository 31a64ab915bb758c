// Removes what pruning has made useless: a smaller and faster network that computes the same function.
import { isRight } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { concatWith, defer, EMPTY, type Observable, tap } from 'rxjs'
import type { RunContext, StageState } from '../dsl/context.js'
import type { NetworkLatency, NetworkSizes } from '../dsl/figures.js'
import { type Op, stage } from '../dsl/op.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { withoutHead } from '../models/head/withoutHead.js'
import { keptFlops } from '../models/parameters/counts.js'
import type { PlainNetwork } from '../models/parameters/plainNetwork.js'
import { sizesOf } from '../models/parameters/sizes.js'
import { shrinkNetwork } from '../models/shrink/shrinkNetwork.js'
import { holdStudent } from '../training/network/makeStudent.js'
import type { HasStudent, Student } from '../training/network/network.js'
import { networkLatency } from '../training/network/networkLatency.js'

/**
 * When training is done, makes the student smaller: removes filters of zeros and all that depends only on them, through
 * residual sums, batch normalisation and flattened images; see `shrinkNetwork`. Later stages (`attackEval`,
 * `exportModel`) receive the smaller network, which has the same logits up to rounding. If no stage has trained the
 * student, it is made smaller before the first step and may be trained further. Reports each layer's parameters,
 * operations and bytes, and its time on this machine, through `run.events$`, the summary and the report.
 *
 * It removes whole filters and channels: prune with `pattern: 'filter'` or `'channel'`, or with `'column'` if the columns
 * cover whole channels.
 *
 * @example
 * pipeline('small', mnist()).pipe(
 *   loadTeacher('robust.onnx'), distill(), admmMask({ pattern: 'filter', rate: 2 }), shrink(), exportModel('small.onnx'))
 * @throws nothing of its own: a network without anything to remove stays as it is
 * Source: Li et al., "Pruning Filters for Efficient ConvNets", ICLR 2017.
 */
export const shrink = (): Op<HasStudent, unknown> =>
  stage(
    {
      stage: STAGE,
      config: {},
      needs: ['student'],
      adds: [],
      does: 'removes pruned filters',
      once: 'one shrink, after the stage that prunes',
    },
    <S extends Step & HasStudent & Partial<HasTraining>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let latest: S | undefined
        const first = (step: S): void => {
          if (step.training) return
          const { run } = step
          // A resumed run continues with the student that was made smaller then, and trained since.
          const report = reportIn(run.restore(STAGE)) ?? shrinkStudent(step.student, (network) => network)
          run.provide(STAGE, () => ({ arrays: {}, values: { report } }))
          emit(run, report)
        }
        const last = ({ run, student }: S): void => {
          // The saved state holds the network as it was trained: a resumed run shrinks it here again.
          holdStudent(run, student)
          emit(run, shrinkStudent(student, withoutHead))
        }
        return source.pipe(
          tap((step) => {
            if (!latest) first(step)
            latest = step
          }),
          concatWith(
            defer(() => {
              if (latest?.training) last(latest)
              return EMPTY
            }),
          ),
        )
      }),
  )

const STAGE = 'shrink'

interface Report {
  readonly sizes: NetworkSizes
  readonly latency: NetworkLatency
}

const emit = (run: RunContext, { sizes, latency }: Report): void => {
  run.emit({ type: 'sizes', sizes })
  run.emit({ type: 'latency', latency })
}

/** @param prepared removes the stochastic head, if the network is not trained further */
const shrinkStudent = (student: Student, prepared: (network: PlainNetwork) => PlainNetwork): Report => {
  const { architecture, mask } = student
  const weights = Float32Array.from(student.weights.dataSync())
  const network = { architecture, weights, statistics: Float32Array.from(student.statistics.dataSync()), mask }
  const before = prepared(network)
  const after = shrinkNetwork(before)
  if (after !== network) student.become(after)
  return {
    sizes: {
      before: sizesOf(before.architecture, before.weights),
      after: sizesOf(after.architecture, after.weights),
      flopsKept: keptFlops(
        after.architecture,
        after.weights.map((weight) => Number(weight !== 0)),
      ),
    },
    latency: networkLatency(withoutHead(before), withoutHead(after)),
  }
}

const figures = { parameters: t.number, nonZero: t.number, flops: t.number, bytes: t.number, sparseBytes: t.number }
const Layers = t.array(t.type({ layer: t.string, ...figures }))
const Times = t.type({ whole: t.number, layers: t.array(t.type({ layer: t.string, seconds: t.number })) })
const Kept = t.type({
  report: t.type({
    sizes: t.intersection([t.type({ before: Layers, after: Layers }), t.partial({ flopsKept: t.number })]),
    latency: t.type({ images: t.number, before: Times, after: Times }),
  }),
})

/** The report that an earlier part of the run has saved. */
const reportIn = (state: StageState | undefined): Report | undefined => {
  const kept = Kept.decode(state?.values)
  return isRight(kept) ? kept.right.report : undefined
}
