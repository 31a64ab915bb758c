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
 * One pipeline for many parameters: every combination of a grid, or each entry of a list. Each point is a run in a
 * folder whose name derives from its content, so that a point that is done is never done again; the figures of all
 * come together in one table. A parameter `seed` is the seed of the point's run. Parameters of `definePipeline` count for the
 * key too, but for those that are lists of the grid: a grid may grow.
 *
 * @param build makes a point's pipeline of its parameters
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
 * @throws an `OptionError` without any point, with a point twice, for values that are no numbers, texts or booleans, for a
 * study of parameters that the points don't have, and what `build` throws
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

/** What {@link sweep} takes after the function that makes its pipelines. */
export const sweepOptions = declareOptions('sweep', {
  /** Sets the points side by side, with means over their seeds. @default none */
  study: studyOptions.asOption().optional('none'),
  /** Parameters of `definePipeline` that are not part of a point's key. @default none */
  lists: list(text()).default([]),
})

/** What a sweep makes of its points beside their own figures. */
export interface SweepOptions<Names extends string> {
  /**
   * Sets the points side by side, with means and standard deviations over their seeds: `study.md`, `.csv` and `.json`, and
   * pictures of robust accuracy by rate and by the time of training. @default none
   */
  readonly study?: Study & { readonly method: Names; readonly across: Names }
  /**
   * Parameters of `definePipeline` that are no part of a point's key: lists that say which points there are and nothing
   * more of any of them, and what stands in the options of the stages that it concerns. What is done stays done when
   * they change. @default none
   */
  readonly lists?: readonly string[]
}

/** How `sweep` is called: with a grid, or with a list. */
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

/** Refuses a study of what the points don't have. @throws OptionError */
export const checkStudy = ({ method, across, baseline }: Study, points: readonly PointParams[]): void => {
  for (const point of points) {
    if (point[method] === undefined) rejectOption('sweep', `a method, ${method}, in each point`, JSON.stringify(point))
    // Pictures have it on a logarithmic axis.
    if (!(Number(point[across]) > 0) || typeof point[across] !== 'number')
      rejectOption('sweep', `a number > 0, ${across}, in each point`, JSON.stringify(point))
  }
  const methods = [...new Set(points.map((point) => String(point[method])))]
  if (baseline !== undefined && !methods.includes(baseline))
    rejectOption('sweep', `a baseline out of ${methods.join(', ')}`, baseline)
}
