import type { Diagnosis, FindingState } from '../runtime/doctor/finding.js'
import type { Colors } from './colors.js'

const marks = {
  ok: ({ green }) => green('ok     '),
  note: ({ yellow }) => yellow('note   '),
  problem: ({ red }) => red('problem'),
} as const satisfies Readonly<Record<FindingState, (colors: Colors) => string>>

/** What `pwoa-run doctor` found, a line each, and beneath what to do. */
export const drawDiagnosis = ({ pwoa, findings }: Diagnosis, colors: Colors): string => {
  const width = Math.max(...findings.map(({ about }) => about.length))
  const indent = ' '.repeat(7 + 2 + width + 2)
  const lines = findings.flatMap(({ about, state, says, advice }) => [
    `${marks[state](colors)}  ${about.padEnd(width)}  ${says}`,
    ...(advice === undefined ? [] : [`${indent}${colors.bold('→')} ${advice}`]),
  ])
  return `${colors.bold(`pwoa ${pwoa}`)}\n${lines.join('\n')}\n`
}
