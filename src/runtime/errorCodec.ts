import * as t from 'io-ts'
import type { PwoaError } from '../dsl/errors.js'

const facts = t.intersection([
  t.type({ stage: t.string, expected: t.string, actual: t.string }),
  t.exact(t.partial({ hint: t.string })),
])

const tagged = <T extends string>(tag: T) => t.intersection([t.type({ _tag: t.literal(tag) }), facts])
const ofFile = <T extends string>(tag: T) => t.intersection([t.type({ _tag: t.literal(tag), file: t.string }), facts])

/** A `PwoaError` that comes from another process; its cause has stayed there. */
export const errorCodec: t.Type<PwoaError, unknown> = t.union([
  tagged('UsageError'),
  tagged('OptionError'),
  ofFile('FileError'),
  tagged('RunError'),
  ofFile('WriteError'),
  tagged('InterruptedError'),
])

/** An error as another process can read it. */
export const withoutCause = ({ cause: _, ...error }: PwoaError): PwoaError => error
