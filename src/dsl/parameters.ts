import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type OptionError, rejectOption } from './errors.js'
import { isWithin, ranged } from './kit/bounds.js'
import { drawn } from './kit/drawn.js'
import { given, isRecord } from './kit/given.js'
import { nearestOf, nearOf } from './kit/nearest.js'
import { pixelsMeantBy, readQuotient } from './kit/radius.js'

/** What `--help` shows of a parameter. */
export interface ParameterDetails {
  readonly help: string
  /** What a value must be, in the words of an error: `a number >= 1`, `one of irregular, filter`. */
  readonly expected: string
  /** The words that it, or each of its items, accepts: an error suggests a near one. */
  readonly choices?: readonly string[]
  /** Unit of measurement: `×`, `pixels`, `epochs`. */
  readonly unit?: string
  /** The value if none is given, encoded. A parameter without a default must be given, unless it is optional. */
  readonly default?: unknown
  /** What holds if it is left out, in words, for `--help`. */
  readonly otherwise?: string
}

/**
 * An io-ts decoder that also reads the text of `--set key=value`, with what `--help` shows of it. A decoder, not a
 * whole `Type`: nothing is encoded, and `Parameter<number>` is then a `Parameter<unknown>`.
 */
export interface Parameter<A> extends t.Decoder<unknown, A> {
  readonly details: ParameterDetails
  /** Whether the parameter accepts a value that has been read. */
  readonly is: (value: unknown) => boolean
}

/** The values that a record of parameters gives. */
export type ValuesOf<F> = { readonly [K in keyof F]: F[K] extends Parameter<infer A> ? A : never }

/** A codec of all parameters of a pipeline: `decode` gives io-ts's errors, `decodeParameters` those of pwoa. */
export interface Parameters<P> extends t.Type<P, Readonly<Record<string, unknown>>, unknown> {
  readonly fields: Readonly<Record<string, Parameter<unknown>>>
}

/** What every parameter has. */
interface CommonOptions<A> {
  /** One sentence for `--help`. */
  readonly help: string
  /** The value if none is given; without it the parameter must be given. */
  readonly default?: A
}

/** Options of `param.number` and `param.integer`. */
export interface NumberOptions extends CommonOptions<number> {
  /** Unit of measurement, for `--help`. */
  readonly unit?: string
  /** Smallest and largest value, both allowed. */
  readonly min?: number
  readonly max?: number
}

const numberOf = (input: unknown): t.Validation<unknown> =>
  t.success(typeof input === 'string' ? (readQuotient(input) ?? input) : input)

const parameter = <A>(
  details: ParameterDetails,
  is: (value: unknown) => value is A,
  read: (input: unknown, context: t.Context) => t.Validation<unknown>,
): Parameter<A> => {
  if (details.default !== undefined && !is(details.default)) {
    rejectOption('param', `a default that is ${details.expected}`, details.default)
  }
  return Object.assign(
    new t.Type<A, unknown, unknown>(
      details.expected,
      is,
      (input, context) => {
        const value = input === undefined ? t.success(details.default) : read(input, context)
        return E.either.chain(value, (one) => (is(one) ? t.success(one) : t.failure(input, context)))
      },
      t.identity,
    ),
    { details },
  )
}

const numeric = (
  kind: string,
  { min, max, ...options }: NumberOptions,
  suits: (value: number) => boolean,
): Parameter<number> =>
  parameter(
    { ...shared(options), expected: ranged(kind, { least: min, most: max }), ...given({ unit: options.unit }) },
    (value): value is number => typeof value === 'number' && isWithin(value, { least: min, most: max }) && suits(value),
    numberOf,
  )

const shared = <A>({ help, default: value }: CommonOptions<A>) => ({ help, ...given({ default: value }) })

/** A finite number; `--set` also takes a quotient, such as `8/255`. */
const number = (options: NumberOptions): Parameter<number> => numeric('a number', options, () => true)

/** A whole number. */
const integer = (options: NumberOptions): Parameter<number> => numeric('a whole number', options, Number.isSafeInteger)

/** Any text, such as the path of a file. */
const text = (options: CommonOptions<string>): Parameter<string> =>
  parameter(
    { ...shared(options), expected: 'a text' },
    (value): value is string => typeof value === 'string',
    t.success,
  )

/** One of some words. */
const choice = <const C extends string>(choices: readonly C[], options: CommonOptions<NoInfer<C>>): Parameter<C> =>
  parameter(
    { ...shared(options), expected: `one of ${choices.join(', ')}`, choices },
    (value): value is C => choices.some((known) => known === value),
    (input) => t.success(typeof input === 'string' ? input.trim() : input),
  )

/** Options of `param.list`. */
interface ListOptions<A> extends CommonOptions<A> {
  /** How many at least. @default 0 */
  readonly min?: number
}

/** Several values, as text separated by commas: `param.list(param.choice(['fgsm', 'pgd'], …), …)`. */
const list = <A>(
  item: Parameter<A>,
  { min = 0, ...options }: ListOptions<readonly NoInfer<A>[]>,
): Parameter<readonly A[]> =>
  parameter(
    {
      ...shared(options),
      expected: `a comma list${min === 0 ? '' : ` of ${min} or more`}, each ${item.details.expected}`,
      ...given({ choices: item.details.choices }),
    },
    (value): value is readonly A[] => Array.isArray(value) && value.length >= min && value.every((one) => item.is(one)),
    (input, context) => readList(item, input, context),
  )

/** The items, or what is wrong with the first wrong one, whose position is in its context. */
const readList = <A>(item: Parameter<A>, input: unknown, context: t.Context): t.Validation<unknown> => {
  const parts: unknown = typeof input === 'string' ? splitList(input) : input
  if (!Array.isArray(parts)) return t.failure(input, context)
  return E.traverseArrayWithIndex((index, part: unknown): t.Validation<A> => {
    const place = t.appendContext(context, String(index), item, part)
    return part === undefined ? t.failure(part, place) : item.validate(part, place)
  })(parts)
}

const splitList = (input: string): string[] => (input.trim() === '' ? [] : input.split(',').map((part) => part.trim()))

/** A parameter that may be left out; `otherwise` states what then holds, for `--help`. */
const optional = <A>(item: Parameter<A>, otherwise: string): Parameter<A | undefined> =>
  parameter(
    { ...item.details, otherwise },
    (value): value is A | undefined => value === undefined || item.is(value),
    item.validate,
  )

/** The kinds of parameters a pipeline can take. */
export const param = { number, integer, text, choice, list, optional }

/**
 * The parameters of a pipeline, for `definePipeline`.
 *
 * @example
 * const rates = parameters({
 *   rate: param.number({ default: 4, unit: '×', min: 1, help: 'How many times fewer weights are kept.' }),
 *   checkpoint: param.text({ help: 'The teacher.' }),
 * })
 */
export const parameters = <F extends Readonly<Record<string, Parameter<unknown>>>>(
  fields: F,
): Parameters<ValuesOf<F>> => {
  type P = ValuesOf<F>
  const entries = Object.entries(fields)
  const is = (value: unknown): value is P => isRecord(value) && entries.every(([key, field]) => field.is(value[key]))
  const validate = (input: unknown, context: t.Context): t.Validation<P> => {
    if (!isRecord(input)) return t.failure(input, context)
    const unknown = Object.keys(input).filter((key) => !Object.hasOwn(fields, key))
    const decoded = entries.map(
      ([key, field]) => [key, field.validate(input[key], t.appendContext(context, key, field, input[key]))] as const,
    )
    const errors = [
      ...unknown.map((key) => ({ value: input[key], context: t.appendContext(context, key, t.never, input[key]) })),
      ...decoded.flatMap(([, result]) => (E.isLeft(result) ? result.left : [])),
    ]
    if (errors.length > 0) return t.failures(errors)
    const values = decoded.flatMap(([key, result]) => (E.isRight(result) ? [[key, result.right] as const] : []))
    return t.success(Object.fromEntries(values) as P)
  }
  const type = new t.Type<P, Readonly<Record<string, unknown>>, unknown>('parameters', is, validate, (values) => ({
    ...values,
  }))
  return Object.assign(type, { fields })
}

/** Decodes native values or the texts of `--set`; the first error reads `--set rate: expected …, got …`. */
export const decodeParameters = <P>(
  codec: Parameters<P>,
  raw: Readonly<Record<string, unknown>>,
): Either<OptionError, P> => E.either.mapLeft(codec.decode(raw), ([first]) => optionError(codec.fields, first))

const optionError = (fields: Parameters<unknown>['fields'], error: t.ValidationError | undefined): OptionError => {
  const key = error?.context[1]?.key
  if (key === undefined)
    return { _tag: 'OptionError', stage: '--set', expected: 'key=value', actual: drawn(error?.value) }
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined
  return field ? wrongValue(key, field, error) : unknownKey(fields, key)
}

const wrongValue = (key: string, { details }: Parameter<unknown>, error?: t.ValidationError): OptionError => {
  const place = error?.context[2]?.key
  const near = typeof error?.value === 'string' ? nearOf(error.value, details.choices ?? []) : undefined
  const hint = hintOf(near) ?? sentenceOf(pixelsMeantBy(key, error?.value))
  const actual = `${drawn(error?.value)}${place === undefined ? '' : ` as item ${Number(place) + 1}`}`
  return {
    _tag: 'OptionError',
    stage: `--set ${key}`,
    expected: details.expected,
    actual,
    ...given({ hint }),
  }
}

const sentenceOf = (clause: string | undefined): string | undefined =>
  clause && `${clause.charAt(0).toUpperCase()}${clause.slice(1)}`

const hintOf = (meant: string | undefined): string | undefined => meant && `Did you mean ${meant}?`

const unknownKey = (fields: Parameters<unknown>['fields'], key: string): OptionError => {
  const known = Object.keys(fields)
  return {
    _tag: 'OptionError',
    stage: `--set ${key}`,
    expected: known.length === 0 ? 'no parameters' : `one of ${known.join(', ')}`,
    actual: `"${key}"`,
    ...given({ hint: hintOf(nearestOf(key, known)) }),
  }
}
