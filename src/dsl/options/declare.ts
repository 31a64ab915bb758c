import * as t from 'io-ts'
import { isObservable } from 'rxjs'
import { given, isRecord } from '../kit/given.js'
import { type Field, type Option, optionOf, type ValueOf } from './option.js'
import { accepted, unknownOption } from './refusal.js'

/** Options by name. */
export type Fields = Readonly<Record<string, Field>>

/** The names of the options that must be given. */
type RequiredNames<F> = { [K in keyof F]: F[K] extends { readonly presence: 'required' } ? K : never }[keyof F]

// Written as `Pick` is, over names that the compiler can follow to their declaration: editors show its comment.
/** Options that must be given. */
type Required<F, K extends keyof F> = { readonly [P in K]: ValueOf<F[P]> }
/** Options that may be left out. */
type Omissible<F, K extends keyof F> = { readonly [P in K]?: ValueOf<F[P]> | undefined }

/** What a user writes: the options by name; those with a default, and optional ones, may be left out or undefined. */
export type OptionsOf<D extends { readonly fields: object }> = Required<D['fields'], RequiredNames<D['fields']>> &
  Omissible<D['fields'], Exclude<keyof D['fields'], RequiredNames<D['fields']>>>

/** What a factory works with: each default filled in. */
export type ReadOptions<F> = {
  readonly [K in keyof F]: F[K] extends { readonly presence: 'optional' } ? ValueOf<F[K]> | undefined : ValueOf<F[K]>
}

/** The options of a stage, an attack, a layer …, declared once. */
export interface Declaration<F extends Fields> {
  /** Whose options they are, as errors say it. */
  readonly of: string
  readonly fields: F
  /**
   * Checks what a user wrote and fills in the defaults.
   *
   * @param whose whose options they are, if an error can say it more precisely than the declaration. @default its `of`
   * @throws OptionError for an unknown option, one that is missing, or a value that is not accepted
   */
  readonly read: (options: unknown, whose?: string) => ReadOptions<F>
  /** The options in force as the plan states them; those without a value are left out. */
  readonly config: (values: { readonly [K in keyof F]?: ReadOptions<F>[K] | undefined }) => Record<string, unknown>
  /** All of them as one option, for options within options. */
  readonly asOption: () => Option<OptionsOf<{ readonly fields: F }>>
}

/**
 * Declares options: from this follow the type that users see (`OptionsOf`), the refusal of unknown names and wrong
 * values, the plan's `config`, and the table in the documentation, whose text is each option's comment.
 *
 *     export const distillOptions = declareOptions('distill', {
 *       temperature: positive().default(30),
 *     })
 *     export interface DistillOptions extends OptionsOf<typeof distillOptions> {}
 */
export const declareOptions = <const F extends Fields>(of: string, fields: F): Declaration<F> => {
  const names = Object.keys(fields)
  const isWhole = (value: unknown): value is OptionsOf<{ readonly fields: F }> =>
    isRecord(value) &&
    Object.keys(value).every((name) => Object.hasOwn(fields, name)) &&
    names.every((name) => fits(fields[name], value[name]))
  const encoded = (values: object, order: readonly string[]): Record<string, unknown> => {
    const found = new Map(Object.entries(values))
    return given(
      Object.fromEntries(
        order.map((name) => {
          const value: unknown = found.get(name)
          return [name, value === undefined ? undefined : fields[name]?.encode(value)]
        }),
      ),
    )
  }
  const validate = (value: unknown, context: t.Context): t.Validation<OptionsOf<{ readonly fields: F }>> => {
    if (!isRecord(value) || isObservable(value)) return t.failure(value, context)
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name))
    if (unknown !== undefined) return t.failure(value[unknown], t.appendContext(context, unknown, unknownOption))
    // In the order in which they were written: a plan states options within options so.
    const written = [...new Set([...Object.keys(value), ...names])]
    const decoded = written.map((name) => [name, decodeField(fields[name], name, value[name], context)] as const)
    const errors = decoded.flatMap(([, result]) => (result._tag === 'Left' ? result.left : []))
    if (errors.length > 0) return t.failures(errors)
    const values = decoded.map(([name, result]) => [name, result._tag === 'Right' ? result.right : undefined] as const)
    return t.success(given(Object.fromEntries(values)) as OptionsOf<{ readonly fields: F }>)
  }
  const type = Object.assign(
    new t.Type<OptionsOf<{ readonly fields: F }>, unknown, unknown>(of, isWhole, validate, (values) =>
      encoded(values, Object.keys(values)),
    ),
    { facts: { expected: (name: string) => `${name} in { … }`, names } },
  )
  const read = (options: unknown, whose = of): ReadOptions<F> => {
    const found = new Map<string, unknown>(Object.entries(accepted(whose, 'options', type, options)))
    const filled = names.map((name) => [name, found.get(name) ?? fields[name]?.fallback] as const)
    return Object.fromEntries(filled) as ReadOptions<F>
  }
  return { of, fields, read, config: (values) => encoded(values, names), asOption: () => optionOf(type) }
}

/**
 * Checks one argument of a factory, which stands before its options.
 *
 * @throws OptionError for a value that is not accepted
 */
export const readArgument = <A>(of: string, name: string, option: Option<A>, value: unknown): A =>
  accepted(of, name, option, value)

const fits = (field: Field | undefined, value: unknown): boolean =>
  value === undefined ? field?.presence !== 'required' : (field?.is(value) ?? false)

const decodeField = (field: Field | undefined, name: string, value: unknown, context: t.Context) =>
  field === undefined || (value === undefined && field.presence !== 'required')
    ? t.success(undefined)
    : field.validate(value, t.appendContext(context, name, field, value))
