import * as t from 'io-ts'
import { objectCodec, optionalCodec } from '../../dsl/kit/codecOf.js'
import { countCodec, finiteCodec } from '../../dsl/kit/figureCodecs.js'
import type { Sampling } from './drawPoints.js'

/** How a search goes on. */
export interface SearchPlan {
  readonly sampling: Sampling
  /** Of the points that are drawn. */
  readonly seed: number
  /** After so many hours nothing goes on. */
  readonly hours: number | undefined
  /** What points are ranked by. */
  readonly metric: string | undefined
  readonly goal: 'lowest' | 'highest'
  /** Over how many steps the metric is averaged. */
  readonly over: number
  /** How bad points are stopped early, if they are. */
  readonly halving: SearchHalving | undefined
}

/** How bad points are stopped early. */
export interface SearchHalving {
  /** 1 in so many points goes on at a rung. */
  readonly factor: number
  /** How many rungs there are before the end. */
  readonly rungs: number
  readonly order: 'synchronous' | 'asynchronous'
}

const standing = t.intersection([
  objectCodec({
    /** Rungs that the point has passed or stands at; one more than there are if it is done. */
    rung: countCodec,
    /** The training step there. */
    step: countCodec,
  }),
  optionalCodec({
    /** The metric there, of this run alone. */
    value: finiteCodec,
    /** Why the point does not go on. */
    why: t.string,
  }),
])

/** How a point of a search stands. */
export interface Standing extends t.TypeOf<typeof standing> {}

/** The codec of {@link Standing}. */
export const Standing: t.Type<Standing> = standing
