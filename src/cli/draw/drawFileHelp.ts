import { drawnNamed } from '../../dsl/kit/radius.js'
import type { ParameterDetails } from '../../dsl/parameters.js'
import type { PipelineFile } from '../../runtime/file/loadPipelineFile.js'
import type { Colors } from './terminal.js'
import { wrapText } from './text.js'

const LINE_WIDTH = 100

/** The text of `pwoa-run FILE --help`: the file's parameters with units, ranges and defaults. */
export const drawFileHelp = (file: string, exported: PipelineFile, colors: Colors): string => {
  const fields = exported.kind === 'definition' ? Object.entries(exported.fields) : []
  if (fields.length === 0) return `${file} takes no parameters.\n`
  const width = Math.max(...fields.map(([key]) => key.length))
  const indent = `\n${' '.repeat(width + 4)}`
  const wrapped = (text: string): readonly string[] => wrapText(text, LINE_WIDTH - indent.length)
  const lines = fields.map(([key, { details }]) => {
    const text = [...wrapped(details.help), ...wrapped(facts(key, details)).map(colors.dim)]
    return `  ${colors.cyan(key.padEnd(width))}  ${text.join(indent)}\n`
  })
  const usage = `Usage: pwoa-run ${file} [--set key=value …] [options]\n`
  return `${usage}\nParameters of ${file}, set by --set key=value:\n${lines.join('')}\nFor the options: pwoa-run --help\n`
}

const facts = (key: string, { expected, unit, default: value, otherwise }: ParameterDetails): string =>
  [
    expected,
    ...(unit === undefined ? [] : [`in ${unit}`]),
    value !== undefined
      ? `default ${shown(key, value)}`
      : otherwise === undefined
        ? 'required'
        : `default ${otherwise}`,
  ].join(', ')

const shown = (key: string, value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => drawnNamed(key, one)).join(',')
  return value === '' ? 'empty' : drawnNamed(key, value)
}
