import { basename } from 'node:path'
import type { DeviceFigures } from '../../../dsl/figures.js'
import type { Buffers } from './buffers.js'
import { codeBytes, ramOf } from './footprint.js'
import { WINDOW } from './functions.js'
import { type StepCode, stepComment } from './parts.js'
import { operationsOf, type Program, sizeOf } from './program.js'
import { commentText } from './text.js'

/** A C file and its header, and what they take on a device. */
export interface CFiles {
  readonly source: string
  readonly header: string
  readonly figures: DeviceFigures
}

/** What the forms of a file differ in. */
export interface CForm {
  /** With which all names begin that other files see. */
  readonly prefix: string
  readonly program: Program
  readonly codes: readonly StepCode[]
  readonly buffers: Buffers
  readonly image: 'float' | 'uint8_t'
  readonly logits: 'float' | 'int32_t'
  /** Images of the self-test. */
  readonly examples: number
  /** Statements after the last step. */
  readonly end: string
  /** The images and logits of the self-test. */
  readonly tests: readonly string[]
  /** Lines of the header's comment. */
  readonly about: readonly string[]
  /** Further lines of the header. */
  readonly constants: readonly string[]
}

/** The source and the header of a form. @param file the name of the C file */
export const written = (file: string, form: CForm): CFiles => {
  const { program, codes, buffers, image } = form
  const operations = program.steps.map(operationsOf)
  const shared = new Map(codes.flatMap((code) => [...code.functions]))
  const constants = codes.reduce((sum, { bytes }) => sum + bytes, 0)
  const figures: DeviceFigures = {
    file,
    constants,
    flash: constants + codeBytes(shared, codes.length),
    scratch: buffers.size * (image === 'float' ? 4 : 1),
    ram: ramOf(program, buffers.size, image === 'float' ? 'float32' : 'int8'),
    operations: operations.reduce((sum, { dense }) => sum + dense, 0),
    kept: operations.reduce((sum, { kept }) => sum + kept, 0),
  }
  const header = basename(file).replace(/\.c$/, '.h')
  const functions = [...shared.values()]
  const isWindowed = codes.some(({ constants }) => constants.some((text) => text.includes('struct window')))
  const source = [
    comment(form, figures),
    includesOf(functions, header),
    ...(isWindowed ? [WINDOW] : []),
    ...functions,
    ...program.steps.map((step, i) => {
      const { constants, remark } = codes[i] ?? { constants: [], remark: '' }
      return `/* ${stepComment(step, remark)} */\n${constants.join('')}`
    }),
    runText(form),
    selfTestText(form),
  ].join('\n')
  return { source, header: headerText(form, figures), figures }
}

const comment = (
  { program, about }: CForm,
  { constants, flash, scratch, ram, operations, kept }: DeviceFigures,
): string =>
  [
    `/* ${commentText(program.name)}, written by pwoa.`,
    ...about.map((line) => `   ${commentText(line)}`),
    `   Constants: ${constants} bytes; with machine code for a Cortex-M4, at most ${flash} bytes of flash.`,
    `   Scratch memory: ${scratch} bytes; with an image and its logits, ${ram} bytes of RAM.`,
    `   Multiply-accumulates of an image: ${kept}; with all weights, ${operations}. */`,
    '',
  ].join('\n')

const includesOf = (functions: readonly string[], header: string): string => {
  const isMath = functions.some((text) => /\b(expf|expm1f|tanhf|erff|fmaxf|fminf|log1pf)\(/.test(text))
  return `#include "${header}"\n${isMath ? '#include <math.h>\n' : ''}`
}

const headerText = (form: CForm, figures: DeviceFigures): string => {
  const { prefix, program, buffers, image, logits } = form
  const { height, width, channels } = program.input
  const upper = prefix.toUpperCase()
  const scratch = image === 'float' ? 'numbers of float' : 'bytes'
  return `${comment(form, figures)}#ifndef ${upper}_H
#define ${upper}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ${upper}_HEIGHT ${height}
#define ${upper}_WIDTH ${width}
#define ${upper}_CHANNELS ${channels}
#define ${upper}_INPUTS ${sizeOf(program.input)}
#define ${upper}_CLASSES ${program.classes}
/* ${scratch} */
#define ${upper}_SCRATCH ${Math.max(1, buffers.size)}
${form.constants.map((line) => `${line}\n`).join('')}
/* Computes the logits of an image. size: of scratch, at least ${upper}_SCRATCH ${scratch}.
   Returns 0; or, if scratch is too small, how large it must be. */
int32_t ${prefix}_run(const ${image} image[${upper}_INPUTS], ${image} *scratch, int32_t size, ${logits} logits[${upper}_CLASSES]);

#ifndef ${upper}_NO_SELFTEST
/* Computes the logits of ${form.examples} test images.
   Returns 0 if they are as expected; if scratch is too small, how large it must be; else minus the number of the first
   image, from 1, whose logits are wrong. */
int32_t ${prefix}_selftest(${image} *scratch, int32_t size);
#endif

#ifdef __cplusplus
}
#endif

#endif
`
}

const runText = ({ prefix, codes, image, logits, end, buffers }: CForm): string => {
  const upper = prefix.toUpperCase()
  const calls = codes.map(({ call }) => call).join('')
  const unused = buffers.size === 0 ? '  (void)scratch;\n' : ''
  return `int32_t ${prefix}_run(const ${image} image[${upper}_INPUTS], ${image} *scratch, int32_t size, ${logits} logits[${upper}_CLASSES]) {
  if (size < ${upper}_SCRATCH) return ${upper}_SCRATCH;
${unused}${calls}${end}  return 0;
}
`
}

/** Float logits may differ by this share of the largest, because a compiler may use other operations. */
const TOLERANCE = '1e-4f'

const selfTestText = ({ prefix, image, logits, tests, examples }: CForm): string => {
  const upper = prefix.toUpperCase()
  const isFloat = image === 'float'
  const compare = isFloat
    ? `      const float wanted = test_logits[n * ${upper}_CLASSES + i], error = logits[i] - wanted;
      if (!(error <= allowed && -error <= allowed)) return -(n + 1);`
    : `      if (logits[i] != test_logits[n * ${upper}_CLASSES + i]) return -(n + 1);`
  const allowed = isFloat
    ? `    float allowed = ${TOLERANCE};
    for (int32_t i = 0; i < ${upper}_CLASSES; i++) {
      const float wanted = test_logits[n * ${upper}_CLASSES + i];
      if (wanted * ${TOLERANCE} > allowed) allowed = wanted * ${TOLERANCE};
      if (-wanted * ${TOLERANCE} > allowed) allowed = -wanted * ${TOLERANCE};
    }
`
    : ''
  return `#ifndef ${upper}_NO_SELFTEST
${tests.join('')}
int32_t ${prefix}_selftest(${image} *scratch, int32_t size) {
  ${logits} logits[${upper}_CLASSES];
  for (int32_t n = 0; n < ${examples}; n++) {
    const int32_t wrong = ${prefix}_run(test_images + n * ${upper}_INPUTS, scratch, size, logits);
    if (wrong) return wrong;
${allowed}    for (int32_t i = 0; i < ${upper}_CLASSES; i++) {
${compare}
    }
  }
  return 0;
}
#endif
`
}
