import { rejectOption } from '../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, list, number, text, whole } from '../../dsl/options/kinds.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { labelOf, type PointParams, type PointValue } from '../records/sweepFiles.js'
import { drawPoints, type Space } from '../search/drawPoints.js'
import type { Range } from '../search/range.js'
import { METRIC } from '../search/target.js'
import { makeSweep } from './makeSweep.js'
import { checkPoints } from './points.js'
import type { Sweep } from './sweepTypes.js'

/** What the option `halving` of {@link search} takes. */
export const halvingOptions = declareOptions('halving', {
  /** Of the points at a rung 1 in so many goes on, and a rung is at so many times the steps of the one before; ≥ 2. @default 3 */
  factor: whole(2).default(3),
  /** Rungs before the end of the training. With factor 3 and 2 rungs they are at 1/9 and 1/3 of the steps. @default 2 */
  rungs: whole(1, { most: 10 }).default(2),
  /**
   * `synchronous`: all points reach a rung before any goes on, and results are equal for any number of workers.
   * `asynchronous` (ASHA): no point waits for others, and which ones go on depends on which came first.
   * @default 'synchronous'
   */
  order: choice(['synchronous', 'asynchronous']).default('synchronous'),
})

/** Options of early stopping in {@link search}. */
export interface HalvingOptions extends OptionsOf<typeof halvingOptions> {}

/** The longest budget of a search. */
const MOST_HOURS = 500

/** The options of {@link search}. */
export const searchOptions = declareOptions('search', {
  /** How many points are drawn, ≥ 1. With a larger number the first ones stay, and keep their results. */
  points: whole(1),
  /** Hours after which nothing goes on, earlier parts of the search included, in (0, 500]. @default no limit */
  hours: number({ above: 0, most: MOST_HOURS }, { unit: 'h' }).optional('no limit'),
  /** Seeds of the runs of each point; the mean over them is what is ranked. @default the seed of the sweep */
  seeds: list(whole(0, { most: 2 ** 32 - 1 }), { least: 1 }).optional('the seed of the sweep'),
  /** `quasi-random`: spread evenly, by a Halton sequence. `random`: each on its own. @default 'quasi-random' */
  sampling: choice(['quasi-random', 'random']).default('quasi-random'),
  /** Seed of the points that are drawn. @default 0 */
  seed: whole(0, { most: 2 ** 32 - 1 }).default(0),
  /**
   * What points are ranked by: `loss`, `terms.NAME`, a figure `metrics.NAME` of one's own, or, by the last evaluation of an
   * epoch (`attackEval`'s `every`, `earlyStop`), `accuracy.clean` or `accuracy.ATTACK`.
   * @default no ranking
   */
  metric: text('the name of a metric').optional('no ranking'),
  /** Which metric is better. @default 'highest' for accuracies, otherwise 'lowest' */
  goal: choice(['lowest', 'highest']).optional("'highest' for accuracies, otherwise 'lowest'"),
  /** Over how many of the last steps the metric is averaged; an accuracy is that of the last evaluation. @default 10 */
  over: whole(1, { unit: 'steps' }).default(10),
  /** Stops bad points early. @default every point runs to its end */
  halving: halvingOptions.asOption().optional('every point runs to its end'),
  /** Parameters of `definePipeline` that are not part of a point's key, as those of `sweep`. @default none */
  lists: list(text()).default([]),
})

/** Options of {@link search}. */
export interface SearchOptions extends OptionsOf<typeof searchOptions> {}

/** The parameters of a point that is drawn from a space. */
export type Drawn<S> = { readonly [K in keyof S]: S[K] extends readonly (infer V)[] ? V : number }

/**
 * Runs a pipeline for parameters that are drawn from ranges and lists, at random or spread evenly. Points that are worse
 * than the others at an early step can be stopped there (successive halving); one that goes on continues from its
 * checkpoint, with the same figures as in one piece. The result is a sweep: `--workers`, `--queue`, resuming and the
 * points' keys are those of {@link sweep}. `search.md` and `search.json` rank the points.
 *
 * @param space a range or a list of values for each parameter
 * @param build makes a point's pipeline from its parameters
 *
 * @example
 * export default search('rates', { rate: range(1, 32, 'log'), temperature: range(1, 50) }, ({ rate, temperature }) =>
 *   pipeline('pruned', mnist()).pipe(
 *     loadTeacher('teacher.pth', { architecture: 'mnistNet' }),
 *     distill({ temperature }),
 *     admmMask({ pattern: 'irregular', rate }),
 *   ), { points: 27, seeds: [0, 1], metric: 'terms.distill', halving: { factor: 3, rungs: 2 } })
 * @throws OptionError for an empty space, more points than there are, a metric of another name, or early stopping without
 * a metric or with fewer points than factor^rungs; whatever `build` throws
 * Source: Li et al., "A system for massively parallel hyperparameter tuning", MLSys 2020, arXiv 1810.05934.
 */
export const search = <const S extends Readonly<Record<string, Range | readonly PointValue[]>>>(
  name: string,
  space: S,
  build: (point: Drawn<S>) => Pipeline<Step>,
  options: SearchOptions,
): Sweep => {
  const { points, hours, seeds, sampling, seed, metric, goal, over, halving, lists } = searchOptions.read(options)
  if (metric !== undefined && !METRIC.test(metric))
    rejectOption('search', 'a metric loss, terms.NAME, metrics.NAME or accuracy.NAME', metric)
  const stops = halving && halvingOptions.read(halving)
  if (stops) checkHalving(stops, points, metric)
  const drawn = drawPoints(space, { points, sampling, seed })
  const all = drawn.flatMap(
    (point): readonly PointParams[] => seeds?.map((one) => ({ ...point, seed: one })) ?? [point],
  )
  checkPoints(all)
  const isAccuracy = metric?.startsWith('accuracy.') === true
  return makeSweep({
    name,
    axes: [...Object.values<Space[string]>(space), ...(seeds ? [seeds] : [])],
    lists,
    points: all.map((params) => ({
      label: labelOf(params),
      params,
      seed: typeof params.seed === 'number' ? params.seed : undefined,
      // The points were drawn from the space, from which the type follows.
      pipeline: build(params as Drawn<S>).withParams(params),
    })),
    whole: undefined,
    study: undefined,
    search: { sampling, seed, hours, metric, goal: goal ?? (isAccuracy ? 'highest' : 'lowest'), over, halving: stops },
    params: {},
  })
}

const checkHalving = (
  { factor, rungs }: { readonly factor: number; readonly rungs: number },
  points: number,
  metric: string | undefined,
): void => {
  if (metric === undefined) rejectOption('search', 'a metric by which points are stopped early', 'none')
  const least = factor ** rungs
  if (points < least)
    rejectOption(
      'search',
      `at least ${least} points for ${rungs} rungs by factor ${factor}, so that one is done`,
      points,
    )
}
