import { printableLine } from '../../dsl/kit/printable.js'
import { drawValues } from '../../report/tables/drawValues.js'
import { formatCount, formatPercent } from '../../report/tables/format.js'
import type { FoundFit, FoundNetwork, Inspection } from '../../runtime/inspect/inspection.js'
import { drawTable } from './drawTable.js'
import type { Colors } from './terminal.js'
import { shorten } from './text.js'

/** The widest text of an entry of the metadata, in characters. */
const widest = 60

/** What a file holds: a line with all that matters, what the network needs, and a table of its layers or tensors. */
export const drawInspection = (found: Inspection, width: number, colors: Colors): string => {
  const { network, fits } = found
  const notes = [
    ...fits.flatMap(fitNotes),
    ...Object.entries(found.metadata).map(([name, text]) => `${name}: ${shorten(text, widest)}`),
    ...found.warnings.map((warning) => `warning: ${warning}`),
  ].map((line) => `  ${printableLine(line)}\n`)
  const head = printableLine(headOf(found).join(' · '))
  const table = network ? layerTable(network) : tensorTable(found)
  return `${colors.bold(printableLine(found.file))}\n${head}\n${notes.join('')}\n${drawTable(table, width, colors)}`
}

const headOf = ({ format, stateDict, tensors, network, fits }: Inspection): readonly string[] => {
  const [fit] = fits
  const prefix = fit?.prefix ? ` under "${fit.prefix}"` : ''
  const place = stateDict === null && prefix === '' ? [] : [`${stateDict ?? 'tensors'}${prefix}`]
  return [
    format,
    ...place,
    `${formatCount(tensors.length)} tensor${tensors.length === 1 ? '' : 's'}`,
    ...(network ? ownFacts(network) : fitFacts(fits)),
  ]
}

const ownFacts = ({ name, classes, parameters, flops, kept }: FoundNetwork): readonly string[] => [
  name,
  ...sizeFacts({ classes, parameters, flops }),
  ...(kept === null ? [] : [`the mask keeps ${formatCount(kept)} (${formatPercent(kept / parameters)})`]),
]

const fitFacts = (fits: readonly FoundFit[]): readonly string[] => {
  const [fit] = fits
  if (!fit) return ['fits no network that has a name here']
  return [`fits ${fits.map(({ name }) => name).join(', ')}`, ...sizeFacts(fit)]
}

const sizeFacts = ({
  classes,
  parameters,
  flops,
}: {
  readonly classes: number
  readonly parameters: number
  readonly flops: number
}): readonly string[] => [
  `${formatCount(classes)} classes`,
  `${formatCount(parameters)} parameters`,
  `${formatCount(flops)} FLOPs`,
]

/** How a pipeline reads the file, and what it takes on trust. */
const fitNotes = ({ architecture, options, assumed, normalisation, besides }: FoundFit): readonly string[] => [
  `architecture: '${architecture}' reads it; from the file: ${drawValues(options, Number.MAX_SAFE_INTEGER)}`,
  ...(assumed.length > 0 ? [`not in the file, so as usual: ${assumed.join(', ')}`] : []),
  ...(normalisation
    ? [`normalisation: mean ${roundedList(normalisation.mean)}, std ${roundedList(normalisation.std)}`]
    : []),
  ...(besides.length > 0
    ? [`besides the network: ${shorten(besides.join(', '), widest)} (${formatCount(besides.length)})`]
    : []),
]

/** Seven digits, as float32 has no more. */
const roundedList = (values: readonly number[]): string => values.map((value) => Number(value.toPrecision(7))).join(' ')

const layerTable = ({ layers }: FoundNetwork) => ({
  header: ['layer', 'type', 'output', 'parameters', 'not zero', 'FLOPs'],
  rows: layers.map(({ id, type, shape, parameters, nonZero, flops }) => [
    id,
    type,
    shape.join(' × '),
    ...[parameters, nonZero, flops].map((count) => (count === 0 ? '' : formatCount(count))),
  ]),
})

const tensorTable = ({ tensors }: Inspection) => ({
  header: ['tensor', 'shape'],
  rows: tensors.map(({ name, shape }) => [name, shape.join(' × ') || 'a number']),
})
