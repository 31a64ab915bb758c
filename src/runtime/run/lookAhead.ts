import { join, normalize, resolve, sep } from 'node:path'
import { valueOf } from '../../dsl/errors.js'
import type { Found, Parallel, StageInfo } from '../../dsl/op.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { checkReadable, exists } from '../../io/files/readWhole.js'

/**
 * Looks at all that a run will read, before the engine is loaded and images are decoded: whether files are there, what
 * they are by their headers, and whether networks fit the data.
 *
 * @param dataDir the folder of the data that the command line names
 * @param isLater whether a file is not there because an earlier run writes it. @default no file is
 * @returns what was found, a line each, and how cores share the work
 * @throws PwoaFailure as the run would later
 */
export const lookAhead = async (
  { plan, source }: Pick<Pipeline<Step>, 'plan' | 'source'>,
  dataDir: string | undefined,
  isLater: (file: string) => Promise<boolean> = async () => false,
): Promise<Required<Found>> => {
  const later: StageInfo[] = []
  const lines: string[] = []
  for (const info of plan)
    for (const file of info.reads ?? []) {
      if (await isLater(file)) {
        later.push(info)
        lines.push(`${file}: an earlier row writes it`)
      } else valueOf(await checkReadable({ stage: info.stage, file })())
    }
  const context = { dataDir: dataDir === undefined ? undefined : resolve(dataDir) }
  const data = source.look && valueOf(await source.look(context)())
  if (data) lines.unshift(data.says)
  const ways = new Set<Parallel>()
  for (const info of plan) {
    const found = info.look && !later.includes(info) ? valueOf(await info.look(data?.facts)()) : undefined
    lines.push(...(found?.says ?? []))
    ways.add(found?.parallel ?? info.parallel ?? 'parts')
  }
  return { says: lines, parallel: ways.has('operations') ? 'operations' : 'parts' }
}

/** A run of several that are planned together. */
export interface PlannedRun {
  readonly pipeline: Pipeline<Step>
  /** The name of its folder, if the runs are one after the other. @default no other run reads what it writes */
  readonly folder?: string
}

/**
 * The same for several pipelines. Each data set and each stage is looked at once. A file that is not there is no error if an
 * earlier run writes it: its path then ends with that run's folder and the file's name.
 *
 * @returns what was found, a line each, without repetitions
 */
export const lookAtAll = async (
  runs: readonly PlannedRun[],
  dataDir: string | undefined,
): Promise<readonly string[]> => {
  const looked = new Set<string>()
  const lines = new Set<string>()
  const written: string[] = []
  const isLater = async (file: string): Promise<boolean> =>
    written.some((end) => resolve(file).endsWith(`${sep}${end}`)) && !(await exists(file))
  for (const { pipeline, folder } of runs) {
    const key = keyOf(pipeline)
    if (!looked.has(key)) for (const line of (await lookAhead(pipeline, dataDir, isLater)).says) lines.add(line)
    looked.add(key)
    if (folder !== undefined)
      written.push(...pipeline.plan.flatMap(({ writes = [] }) => writes.map((file) => normalize(join(folder, file)))))
  }
  return [...lines]
}

/** Pipelines of the same key read the same files in the same way. */
const keyOf = ({ plan, source: { name, config } }: Pipeline<Step>): string =>
  JSON.stringify([name, config, plan.flatMap(({ stage, config: own, look }) => (look ? [[stage, own]] : []))])
