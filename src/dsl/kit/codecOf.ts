import * as t from 'io-ts'

/** A codec of the values that a type guard accepts; encoding changes nothing. `name` says what they are. */
export const codecOf = <A>(name: string, is: (value: unknown) => value is A): t.Type<A, A, unknown> =>
  new t.Type<A, A, unknown>(
    name,
    is,
    (value, context) => (is(value) ? t.success(value) : t.failure(value, context)),
    t.identity,
  )

/** A codec of texts that match a pattern, of at most so many characters. */
export const textCodec = (name: string, pattern: RegExp, longest = 1000): t.Type<string, string, unknown> =>
  codecOf(name, (value): value is string => typeof value === 'string' && value.length <= longest && pattern.test(value))

/** A codec of whole numbers from `least` to `most`. */
export const wholeCodec = (name: string, least = 0, most = Number.MAX_SAFE_INTEGER): t.Type<number, number, unknown> =>
  codecOf(
    name,
    (value): value is number =>
      typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most,
  )

/** A codec of some words. */
export const wordCodec = <const W extends string>(name: string, words: readonly W[]): t.Type<W, W, unknown> =>
  codecOf(name, (value): value is W => words.some((word) => word === value))

/** A codec of an object with all of these fields. Fields that it does not name are left as they are. */
export const objectCodec = <P extends t.Props>(fields: P): t.ReadonlyC<t.TypeC<P>> => t.readonly(t.type(fields))

/** A codec of an object with any of these fields: an intersection with an `objectCodec` has optional fields. */
export const optionalCodec = <P extends t.Props>(fields: P): t.ReadonlyC<t.PartialC<P>> => t.readonly(t.partial(fields))

/** A codec of an object with any fields. */
export const unknownFields = t.readonly(t.UnknownRecord)

/** A codec of an object with values of one kind under any names. */
export const recordCodec = <C extends t.Mixed>(values: C): t.ReadonlyC<t.RecordC<t.StringC, C>> =>
  t.readonly(t.record(t.string, values))
