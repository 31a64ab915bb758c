import { resolve } from 'node:path'
import { valueOf } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { checkReadable } from '../../io/files/readWhole.js'

/**
 * Looks at all that a run will read, before the engine is loaded and images are decoded: whether files are there, what
 * they are by their headers, and whether networks fit the data.
 *
 * @param dataDir the folder of the data that the command line names
 * @returns what was found, a line each
 * @throws PwoaFailure as the run would later
 */
export const lookAhead = async (
  { plan, source }: Pick<Pipeline<Step>, 'plan' | 'source'>,
  dataDir: string | undefined,
): Promise<readonly string[]> => {
  for (const { stage, reads = [] } of plan) for (const file of reads) valueOf(await checkReadable({ stage, file })())
  const context = { dataDir: dataDir === undefined ? undefined : resolve(dataDir) }
  const data = source.look && valueOf(await source.look(context)())
  const lines = data ? [data.says] : []
  for (const { look } of plan) if (look) lines.push(...valueOf(await look(data?.facts)()))
  return lines
}

/**
 * The same for several pipelines. Each data set and each stage is looked at once.
 *
 * @returns what was found, a line each, without repetitions
 */
export const lookAtAll = async (
  pipelines: readonly Pipeline<Step>[],
  dataDir: string | undefined,
): Promise<readonly string[]> => {
  const different = new Map(pipelines.map((pipeline) => [keyOf(pipeline), pipeline]))
  const lines = new Set<string>()
  for (const pipeline of different.values()) for (const line of await lookAhead(pipeline, dataDir)) lines.add(line)
  return [...lines]
}

/** Pipelines of the same key read the same files in the same way. */
const keyOf = ({ plan, source: { name, config } }: Pipeline<Step>): string =>
  JSON.stringify([name, config, plan.flatMap(({ stage, config: own, look }) => (look ? [[stage, own]] : []))])
