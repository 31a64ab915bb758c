import { isRight } from 'fp-ts/lib/Either.js'
import type { Decoder } from 'io-ts'
import { refuse } from './refusal.js'

/**
 * A value of a file, checked by a codec.
 *
 * @param expected what the codec accepts, for the error
 * @param actual describes the value in the error; called only if it is refused
 * @throws Refusal if the codec does not accept the value
 */
export const decoded = <A>(
  codec: Decoder<unknown, A>,
  value: unknown,
  expected: string,
  actual: () => string = () => 'other values in its place',
): A => {
  const result = codec.decode(value)
  return isRight(result) ? result.right : refuse(expected, actual())
}
