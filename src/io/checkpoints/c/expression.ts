import type { Arithmetic } from '../../../models/activations/arithmetic.js'
import { formulaOf } from '../../../models/activations/formulas.js'
import type { Mapping } from './program.js'
import { floatText } from './text.js'

/** Functions of `math.h` on float. */
const c: Arithmetic<string> = {
  constant: floatText,
  plus: (a, b) => `(${a} + ${b})`,
  minus: (a, b) => `(${a} - ${b})`,
  times: (a, b) => `(${a} * ${b})`,
  exp: (x) => `expf(${x})`,
  expm1: (x) => `expm1f(${x})`,
  sigmoid: (x) => `(1.0f / (1.0f + expf(-(${x}))))`,
  tanh: (x) => `tanhf(${x})`,
  erf: (x) => `erff(${x})`,
  softplus: (x) => `(fmaxf(${x}, 0.0f) + log1pf(expf(-fabsf(${x}))))`,
  atLeast: (x, least) => `fmaxf(${x}, ${floatText(least)})`,
  atMost: (x, most) => `fminf(${x}, ${floatText(most)})`,
  step: (x) => `(${x} > 0.0f ? 1.0f : 0.0f)`,
}

/** A function of a number, as a C expression of `x`. */
export const expressionOf = (given: Mapping): string =>
  given.type === 'relu'
    ? '(x > 0.0f ? x : 0.0f)'
    : given.type === 'scale'
      ? `(x * ${floatText(given.factor)})`
      : formulaOf(given).value(c, 'x')
