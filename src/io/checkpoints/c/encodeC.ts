import { basename } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { refuse, refusing } from '../../files/refusal.js'
import { buffersOf } from './buffers.js'
import { type CFiles, written } from './cFile.js'
import { floatStep } from './floatSteps.js'
import { integerStep } from './integerSteps.js'
import { nameIn } from './parts.js'
import { type Program, sizeOf } from './program.js'
import type { IntegerProgram } from './quantised.js'
import { arrayText, floatText, floatTexts, integerTexts, isIdentifier } from './text.js'

/** Images and their logits, for the self-test of a file. */
export interface Examples {
  /** Each image's bytes, in rows, columns, channels. */
  readonly images: readonly Uint8Array[]
  /** Of each image, float or integers, as the form has them. */
  readonly logits: readonly ArrayLike<number>[]
}

/**
 * A network in float32 as portable C99.
 *
 * @param file the name of the C file; names in it begin with it, without its ending
 * @returns the files, or a FileError if its name is not one in C
 */
export const encodeC = (program: Program, examples: Examples, file: string): Either<PwoaError, CFiles> =>
  refusing({ stage: 'exportModel', file }, () => {
    const last = program.steps.at(-1)
    const buffers = buffersOf(program, new Set(last ? [last.result] : []))
    const name = nameIn(buffers)
    const codes = program.steps.map((step, index) =>
      floatStep(step, { index, inputs: step.inputs.map(name), output: name(step.result) }),
    )
    return written(file, {
      prefix: prefixOf(file, '.c'),
      program,
      codes,
      buffers,
      image: 'float',
      logits: 'float',
      examples: examples.images.length,
      end: '',
      tests: [
        arrayText(
          'float',
          'test_images',
          examples.images.flatMap((image) => floatTexts(Float32Array.from(image, toUnit))),
        ),
        arrayText(
          'float',
          'test_logits',
          examples.logits.flatMap((logits) => floatTexts(Array.from(logits))),
        ),
      ],
      about: ['float32. An image: rows, columns, channels, in [0, 1].'],
      constants: [],
    })
  })

/** The same in 8-bit integers. */
export const encodeIntegerC = (integers: IntegerProgram, examples: Examples, file: string): Either<PwoaError, CFiles> =>
  refusing({ stage: 'exportModel', file }, () => {
    const { program, steps, unit, lastZero } = integers
    const last = program.steps.at(-1)
    const buffers = buffersOf(program, new Set(last && lastZero === undefined ? [last.result] : []))
    const name = nameIn(buffers)
    const codes = steps.map((each, index) =>
      integerStep(each, { index, inputs: each.step.inputs.map(name), output: name(each.step.result) }),
    )
    const prefix = prefixOf(file, '.int8.c', '_int8')
    const end =
      last && lastZero !== undefined
        ? `  for (int32_t i = 0; i < ${sizeOf(last.to)}; i++) logits[i] = (int32_t)${name(last.result)}[i] - ${lastZero};\n`
        : ''
    return written(file, {
      prefix,
      program,
      codes,
      buffers,
      image: 'uint8_t',
      logits: 'int32_t',
      examples: examples.images.length,
      end,
      tests: [
        arrayText('uint8_t', 'test_images', examples.images.flatMap(integerTexts)),
        arrayText(
          'int32_t',
          'test_logits',
          examples.logits.flatMap((logits) => integerTexts(Array.from(logits))),
        ),
      ],
      about: [
        '8-bit integers. An image: rows, columns, channels, as bytes.',
        'A sum is multiplied by an integer and shifted, rounded to the nearest integer, halves up.',
        `Times ${prefix.toUpperCase()}_UNIT, the logits are those of the float network, nearly.`,
      ],
      constants: [`#define ${prefix.toUpperCase()}_UNIT ${floatText(unit)}`],
    })
  })

const toUnit = (byte: number): number => byte / 255

const prefixOf = (file: string, ending: string, suffix = ''): string => {
  const name = basename(file).slice(0, -ending.length)
  if (!isIdentifier(name)) refuse('a file whose name begins as a name in C does, such as net.c', `"${basename(file)}"`)
  return `${name}${suffix}`
}
