import { dispatch } from '../../../dsl/kit/dispatch.js'
import { expressionOf } from './expression.js'
import { denseFunction, floatForm, largestFunction, meanFunction, padFunction, rowsFunction } from './functions.js'
import { eachNumber, rowsBytes, rowsText, type StepCode, WINDOW_BYTES, weightsRemark, windowText } from './parts.js'
import type { Step } from './program.js'
import { compressedRows } from './rows.js'
import { arrayText, floatText, floatTexts } from './text.js'

interface Place {
  readonly index: number
  readonly inputs: readonly string[]
  readonly output: string
}

/** The code of a step in float32. */
export const floatStep = dispatch<Step, [Place], StepCode>({
  sums: (step, { index, inputs: [input = ''], output }) => {
    const { weights, bias, activation } = step
    const rows = compressedRows(step, weights, 4)
    const stored = rows ? rows.places.map((place) => (place < 0 ? 0 : (weights[place] ?? 0))) : weights
    const name = rows ? `rows_${rows.width}` : 'dense'
    const own = `weights_${index}, bias_${index}, ${activation === 'relu' ? 1 : 0}, ${input}, ${output}`
    return {
      functions: new Map([[name, rows ? rowsFunction(name, floatForm, rows.width) : denseFunction(name, floatForm)]]),
      constants: [
        windowText(index, step),
        ...(rows ? rowsText(index, rows) : []),
        arrayText('float', `weights_${index}`, floatTexts(stored)),
        arrayText('float', `bias_${index}`, floatTexts(bias)),
      ],
      bytes: WINDOW_BYTES + 4 * bias.length + (rows ? rowsBytes(rows, 4) : 4 * weights.length),
      remark: weightsRemark(step, weights, rows),
      call: `  ${name}(&window_${index}, ${rows ? `counts_${index}, steps_${index}, ` : ''}${own});\n`,
    }
  },
  pool: (step, { index, inputs: [input = ''], output }) => {
    const isMean = step.of === 'mean'
    const margin = isMean ? `${step.margin.join(', ')}, ` : ''
    return {
      functions: new Map([isMean ? ['mean', meanFunction('float')] : ['largest', largestFunction('float')]]),
      constants: [windowText(index, step)],
      bytes: WINDOW_BYTES,
      remark: '',
      call: `  ${step.of}(&window_${index}, ${margin}${input}, ${output});\n`,
    }
  },
  map: (step, { index, inputs: [input = ''], output }) => ({
    functions: new Map([
      [`map_${index}`, `static float map_${index}(float x) {\n  return ${expressionOf(step.function)};\n}\n`],
    ]),
    constants: [],
    bytes: 0,
    remark: '',
    call: eachNumber(step, `${output}[i] = map_${index}(${input}[i]);`),
  }),
  pad: (step, { index, inputs: [input = ''], output }) => ({
    functions: new Map([['pad', padFunction('float')]]),
    constants: [windowText(index, step)],
    bytes: WINDOW_BYTES,
    remark: '',
    call: `  pad(&window_${index}, ${floatText(step.value)}, ${input}, ${output});\n`,
  }),
  add: (step, { inputs, output }) => ({
    functions: new Map(),
    constants: [],
    bytes: 0,
    remark: '',
    call: eachNumber(step, `${output}[i] = ${inputs.map((input) => `${input}[i]`).join(' + ')};`),
  }),
})
