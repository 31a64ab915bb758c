import type { Diagnosis, FindingState } from '../../runtime/doctor/finding.js'
import { exitCodes } from '../arguments/outcome.js'
import { flag, textOption } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'
import { type Colors, colorsFor, lineWidth } from '../draw/terminal.js'
import { wrapText } from '../draw/text.js'

/** `pwoa-run doctor` */
export const doctor = subcommand(
  {
    name: 'doctor',
    summary: 'reports what is installed and what is missing',
    description: 'Reports which engine, machine, tools and data a run would find here, and how to fix what is missing.',
  },
  {
    dataDir: textOption('--data-dir <dir>', 'the folder in which to look for data (default: the cache folder)'),
    json: flag('--json', 'prints one line of JSON'),
  },
  async ({ dataDir, json }) => {
    const { diagnose } = await import('../../runtime/doctor/diagnose.js')
    const diagnosis = await diagnose(dataDir)
    const text = json
      ? `${JSON.stringify(diagnosis)}\n`
      : drawDiagnosis(diagnosis, lineWidth(process.stdout), colorsFor(process.stdout))
    return { text, code: diagnosis.engine === null ? exitCodes.RunError : 0 }
  },
)

const marks = {
  ok: ({ green }) => green('ok     '),
  note: ({ yellow }) => yellow('note   '),
  problem: ({ red }) => red('problem'),
} as const satisfies Readonly<Record<FindingState, (colors: Colors) => string>>

/** The findings, each with the advice below it. */
const drawDiagnosis = ({ pwoa, findings }: Diagnosis, lineLength: number, colors: Colors): string => {
  const width = Math.max(...findings.map(({ about }) => about.length))
  const indent = ' '.repeat('problem'.length + 2 + width + 2)
  const room = lineLength - indent.length
  const lines = findings.flatMap(({ about, state, says, advice }) => {
    const [first = '', ...more] = wrapText(says, room)
    const [start = '', ...rest] = advice === undefined ? [] : wrapText(`→ ${advice}`, room - 2)
    return [
      `${marks[state](colors)}  ${about.padEnd(width)}  ${first}`,
      ...more.map((line) => `${indent}${line}`),
      ...(start === '' ? [] : [`${indent}${start.replace('→', colors.bold('→'))}`]),
      ...rest.map((line) => `${indent}  ${line}`),
    ]
  })
  return `${colors.bold(`pwoa ${pwoa}`)}\n${lines.join('\n')}\n`
}
