import { rejectOption } from '../../dsl/errors.js'
import { declareOptions } from '../../dsl/options/declare.js'
import { list, text } from '../../dsl/options/kinds.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import type { Study } from '../../report/study/study.js'
import { labelOf, type PointParams, type PointValue } from '../records/sweepFiles.js'
import { makeSweep } from './makeSweep.js'
import { checkPoints, combinations, type Grid, seedOf } from './points.js'
import type { Sweep } from './sweepTypes.js'

/**
 * Runs a pipeline for many parameters: for every combination of a grid, or each entry of a list. Each point is a run in a
 * folder whose name, the point's key, derives from its content, so that a finished point is never run again. One table
 * has the figures of all points. A parameter `seed` is the seed of the point's run. Parameters of `definePipeline` are
 * part of the key, except those that are lists of the grid: a grid may grow.
 *
 * @param build makes a point's pipeline from its parameters
 *
 * @example
 * export default sweep('rates', { rate: [2, 4, 8], seed: [0, 1] }, ({ rate }) =>
 *   pipeline('pruned', mnist()).pipe(
 *     loadTeacher('teacher.pth', { architecture: 'mnistNet' }),
 *     distill(),
 *     admmMask({ pattern: 'irregular', rate }),
 *     attackEval([fgsm({ epsilon: 0.3 })], { examples: 1000 }),
 *   ),
 * )
 *
 * @throws OptionError for no points, a point twice, a value that is not a number, text or boolean, or a study of parameters
 * that the points don't have; whatever `build` throws
 */
export const sweep: SweepMaker = (
  name: string,
  points: Grid<PointParams> | readonly PointParams[],
  build: (point: never) => Pipeline<Step>,
  options: SweepOptions<string> = {},
): Sweep => {
  sweepOptions.read(options)
  const { study, lists = [] } = options
  const listed = isList(points) ? points : combinations(points)
  checkPoints(listed)
  if (study) checkStudy(study, listed)
  return makeSweep({
    name,
    axes: isList(points) ? [] : Object.values(points),
    lists,
    points: listed.map((params) => ({
      label: labelOf(params),
      params,
      seed: seedOf(params),
      // The overloads of SweepMaker say that the points are what `build` takes.
      pipeline: build(params as never).withParams(params),
    })),
    whole: undefined,
    study,
    params: {},
  })
}

/** What the option `study` of {@link sweep} takes. */
export const studyOptions = declareOptions('study', {
  /** The parameter whose values are the rows. */
  method: text(),
  /** The parameter, a number > 0, across which the rows are compared, such as the rate. */
  across: text(),
  /** The row that times are compared with. @default none */
  baseline: text().optional('none'),
})

/** The options of {@link sweep}. */
export const sweepOptions = declareOptions('sweep', {
  /** Compares the points, with means over their seeds. @default none */
  study: studyOptions.asOption().optional('none'),
  /** Parameters of `definePipeline` that are not part of a point's key. @default none */
  lists: list(text()).default([]),
})

/** Options of {@link sweep}. */
export interface SweepOptions<Names extends string> {
  /**
   * Compares the points, with means and standard deviations over their seeds: writes `study.md`, `.tex`, `.csv` and `.json`, and
   * plots of robust accuracy by rate and by training time. @default none
   */
  readonly study?: Study & { readonly method: Names; readonly across: Names }
  /**
   * Parameters of `definePipeline` that are not part of a point's key: lists that only decide which points there are, and
   * parameters that the options of the stages contain anyway. Finished points stay finished if they change. @default none
   */
  readonly lists?: readonly string[]
}

/** The two signatures of `sweep`: with a grid, and with a list. */
export interface SweepMaker {
  <const P extends Readonly<Record<string, PointValue>>>(
    name: string,
    points: readonly P[],
    build: (point: P) => Pipeline<Step>,
    options?: SweepOptions<keyof P & string>,
  ): Sweep
  <const P extends Readonly<Record<string, PointValue>>>(
    name: string,
    points: Grid<P>,
    build: (point: P) => Pipeline<Step>,
    options?: SweepOptions<keyof P & string>,
  ): Sweep
}

const isList = (points: Grid<PointParams> | readonly PointParams[]): points is readonly PointParams[] =>
  Array.isArray(points)

/** Checks that all points have the parameters of a study. @throws OptionError */
export const checkStudy = ({ method, across, baseline }: Study, points: readonly PointParams[]): void => {
  for (const point of points) {
    if (point[method] === undefined) rejectOption('sweep', `a method, ${method}, in each point`, JSON.stringify(point))
    // Plots have it on a logarithmic axis.
    if (!(Number(point[across]) > 0) || typeof point[across] !== 'number')
      rejectOption('sweep', `a number > 0, ${across}, in each point`, JSON.stringify(point))
  }
  const methods = [...new Set(points.map((point) => String(point[method])))]
  if (baseline !== undefined && !methods.includes(baseline))
    rejectOption('sweep', `a baseline out of ${methods.join(', ')}`, baseline)
}
