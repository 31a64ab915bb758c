import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Observable } from 'rxjs'
import type { Dataset } from '../dataset.js'
import { given } from '../kit/given.js'
import { type Found, type Op, type Parallel, type StageInfo, stage } from '../op.js'
import type { Step } from '../step.js'

type Look = NonNullable<StageInfo['look']>

const lookingAtAll =
  (looks: readonly Look[]): Look =>
  (data) =>
    TE.map(together)(TE.sequenceSeqArray(looks.map((look) => look(data))))

const together = (found: readonly Found[]): Found => ({
  says: found.flatMap(({ says }) => says),
  ...given({ parallel: strictest(found.map(({ parallel }) => parallel)) }),
})

/** Operations if any stage needs them. */
const strictest = (all: readonly (Parallel | undefined)[]): Parallel | undefined =>
  all.find((parallel) => parallel === 'operations') ?? all.find((parallel) => parallel !== undefined)

/**
 * Several stages under one name: a named method. The plan shows it as one stage, with the options of each of its stages.
 *
 * @param stages in order, as `operator` applies them
 */
export const composite = <Needs, Adds>(
  name: string,
  stages: readonly { readonly info: StageInfo }[],
  operator: <S extends Step & Needs>(source: Observable<S>) => Observable<S & Adds>,
): Op<Needs, Adds> => {
  const infos = stages.map(({ info }) => info)
  const added = (before: number): readonly string[] => infos.slice(0, before).flatMap(({ adds }) => adds)
  const needs = infos.flatMap((info, i) => info.needs.filter((field) => !added(i).includes(field)))
  const reads = infos.flatMap((info) => info.reads ?? [])
  const looks = infos.flatMap(({ look }) => look ?? [])
  const checks = infos.flatMap(({ checkData }) => checkData ?? [])
  const checkData = (data: Dataset): void => {
    for (const check of checks) check(data)
  }
  const parallel = strictest(infos.map((info) => info.parallel))
  return stage(
    {
      stage: name,
      config: Object.fromEntries(infos.map((info) => [info.stage, info.config])),
      needs: [...new Set(needs)],
      adds: [...new Set(added(infos.length))],
      ...(parallel ? { parallel } : {}),
      ...(reads.length > 0 ? { reads } : {}),
      ...(looks.length > 0 ? { look: lookingAtAll(looks) } : {}),
      ...(checks.length > 0 ? { checkData } : {}),
    },
    operator,
  )
}
