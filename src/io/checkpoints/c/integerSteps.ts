import { dispatch } from '../../../dsl/kit/dispatch.js'
import {
  CLAMPED,
  denseFunction,
  integerForm,
  largestFunction,
  logitsForm,
  meanFunction,
  padByTableFunction,
  padFunction,
  RESCALED,
  rowsFunction,
  SHIFTED,
} from './functions.js'
import type { Factor } from './integers.js'
import { eachNumber, rowsBytes, rowsText, type StepCode, WINDOW_BYTES, weightsRemark, windowText } from './parts.js'
import type { IntegerStep } from './quantised.js'
import { compressedRows } from './rows.js'
import { arrayText, integerTexts } from './text.js'

interface Place {
  readonly index: number
  readonly inputs: readonly string[]
  readonly output: string
}

/** The code of a step in integers. */
export const integerStep = dispatch<IntegerStep, [Place], StepCode>({
  sums: ({ step, weights, bias, factors, zero, to }, { index, inputs: [input = ''], output }) => {
    const rows = compressedRows(step, weights, 1)
    const stored = rows ? rows.places.map((place) => (place < 0 ? 0 : (weights[place] ?? 0))) : weights
    const [form, suffix] = to === 'logits' ? [logitsForm, '_to_logits'] : [integerForm, '']
    const name = `${rows ? `rows_${rows.width}` : 'dense'}${suffix}`
    const grid = to === 'logits' ? `${zero}` : `${zero}, ${to.zero}, ${to.low}`
    const own = `weights_${index}, bias_${index}, multipliers_${index}, shifts_${index}, ${grid}, ${input}, ${output}`
    return {
      functions: new Map([
        ['rescaled', RESCALED],
        ...(to === 'logits' ? [] : [CLAMPS]),
        [name, rows ? rowsFunction(name, form, rows.width) : denseFunction(name, form)],
      ]),
      constants: [
        windowText(index, step),
        ...(rows ? rowsText(index, rows) : []),
        arrayText('int8_t', `weights_${index}`, integerTexts(stored)),
        arrayText('int32_t', `bias_${index}`, integerTexts(bias)),
        ...factorsText(index, factors),
      ],
      bytes: WINDOW_BYTES + 9 * bias.length + (rows ? rowsBytes(rows, 1) : weights.length),
      remark: weightsRemark(step, weights, rows),
      call: `  ${name}(&window_${index}, ${rows ? `counts_${index}, steps_${index}, ` : ''}${own});\n`,
    }
  },
  pool: ({ step, zero, to, factors }, { index, inputs: [input = ''], output }) => {
    if (step.of === 'largest')
      return {
        functions: new Map([['largest', largestFunction('uint8_t')]]),
        constants: [windowText(index, step)],
        bytes: WINDOW_BYTES,
        remark: '',
        call: `  largest(&window_${index}, ${input}, ${output});\n`,
      }
    const byCount = Array.from({ length: Math.max(...factors.keys()) + 1 }, (_, n) => factors.get(n) ?? NO_FACTOR)
    return {
      functions: new Map([['rescaled', RESCALED], CLAMPS, ['mean', meanFunction('integer')]]),
      constants: [windowText(index, step), ...factorsText(index, byCount)],
      bytes: WINDOW_BYTES + 5 * byCount.length,
      remark: '',
      call: `  mean(&window_${index}, ${step.margin.join(', ')}, multipliers_${index}, shifts_${index}, ${zero}, ${to}, ${input}, ${output});\n`,
    }
  },
  map: ({ step, table }, { index, inputs: [input = ''], output }) => ({
    functions: new Map(),
    constants: [tableText(index, table)],
    bytes: table.length,
    remark: '',
    call: eachNumber(step, `${output}[i] = table_${index}[${input}[i]];`),
  }),
  pad: ({ step, value, table }, { index, inputs: [input = ''], output }) => ({
    functions: new Map([table ? ['pad_by_table', padByTableFunction] : ['pad', padFunction('uint8_t')]]),
    constants: [windowText(index, step), ...(table ? [tableText(index, table)] : [])],
    bytes: WINDOW_BYTES + (table?.length ?? 0),
    remark: '',
    call: `  ${table ? 'pad_by_table' : 'pad'}(&window_${index}, ${value}, ${table ? `table_${index}, ` : ''}${input}, ${output});\n`,
  }),
  add: ({ step, zeros, multipliers, shift, to }, { inputs, output }) => {
    const terms = inputs.map((input, k) => `((int32_t)${input}[i] - ${zeros[k]}) * ${multipliers[k]}`)
    return {
      functions: new Map([CLAMPS, ['shifted', SHIFTED]]),
      constants: [],
      bytes: 0,
      remark: '',
      call: eachNumber(step, `${output}[i] = clamped(shifted(${terms.join(' + ')}, ${shift}) + ${to}, 0);`),
    }
  },
})

const CLAMPS: readonly [string, string] = ['clamped', CLAMPED]

const NO_FACTOR: Factor = { multiplier: 0, shift: 1 }

const factorsText = (index: number, factors: readonly Factor[]): readonly string[] => [
  arrayText('int32_t', `multipliers_${index}`, integerTexts(factors.map(({ multiplier }) => multiplier))),
  arrayText('uint8_t', `shifts_${index}`, integerTexts(factors.map(({ shift }) => shift))),
]

const tableText = (index: number, table: Uint8Array): string =>
  arrayText('uint8_t', `table_${index}`, integerTexts(table))
