import * as t from 'io-ts'

/** What errors and the documentation say about an option. */
export interface OptionFacts {
  /** What is accepted, given the option's name: `temperature > 0`, `epochs to be a whole number >= 0`. */
  readonly expected: (name: string) => string
  /** The words that the option accepts: an error suggests a near one. */
  readonly choices?: readonly string[]
  /** The names of the options within, if it is an object of declared options. */
  readonly names?: readonly string[]
  /** Unit of measurement, for the documentation: `epochs`, `s`, `pixels`. */
  readonly unit?: string
  /** What to write instead of a value that was probably meant otherwise, as a clause; undefined if there is no guess. */
  readonly meant?: (value: unknown) => string | undefined
}

/** An io-ts codec that `decode`s an option's value and `encode`s it for the plan, with what errors say about it. */
export interface OptionType<A> extends t.Type<A, unknown, unknown> {
  readonly facts: OptionFacts
}

/** An option that must be given. `default` and `optional` make it one that may be left out. */
export interface Option<A> extends OptionType<A> {
  readonly presence: 'required'
  /** The option with the value that holds if it is left out. */
  readonly default: (value: NoInfer<A>) => DefaultedOption<A>
  /** The option without a default; `otherwise` says what holds if it is left out, for the documentation. */
  readonly optional: (otherwise: string) => OptionalOption<A>
}

/** An option with a default. */
export interface DefaultedOption<A> extends OptionType<A> {
  readonly presence: 'defaulted'
  readonly fallback: A
}

/** An option that may be left out, and is then undefined. */
export interface OptionalOption<A> extends OptionType<A> {
  readonly presence: 'optional'
  readonly otherwise: string
}

/** Any of the three. */
export type AnyOption<A> = Option<A> | DefaultedOption<A> | OptionalOption<A>

/** Any of the three, of any value. */
export interface Field extends t.Decoder<unknown, unknown> {
  readonly facts: OptionFacts
  readonly presence: 'required' | 'defaulted' | 'optional'
  readonly fallback?: unknown
  /** Whether the option takes a value. */
  readonly is: (value: unknown) => boolean
  /** The value as the plan states it. */
  // A method: an option of numbers is then a field, which a function of numbers alone would not be.
  encode(value: unknown): unknown
}

/** The value that an option takes. */
export type ValueOf<O> = O extends { readonly _A: infer A } ? A : never

/** Adds `default` and `optional` to a codec. */
export const optionOf = <A>(type: OptionType<A>): Option<A> => {
  const { facts } = type
  const base = (): t.Type<A, unknown, unknown> => new t.Type(type.name, type.is, type.validate, type.encode)
  return Object.assign(base(), {
    facts,
    presence: 'required' as const,
    default: (fallback: A) => Object.assign(base(), { facts, presence: 'defaulted' as const, fallback }),
    optional: (otherwise: string) => Object.assign(base(), { facts, presence: 'optional' as const, otherwise }),
  })
}

/** An option of the values that a type guard accepts, written into the plan by `encode`. */
export const guarded = <A>(
  facts: OptionFacts,
  is: (value: unknown) => value is A,
  encode: (value: A) => unknown = t.identity,
): Option<A> =>
  optionOf(
    Object.assign(
      new t.Type<A, unknown, unknown>(
        facts.expected('value'),
        is,
        (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
        encode,
      ),
      { facts },
    ),
  )
