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
