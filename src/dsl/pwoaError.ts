// Errors as data. Each type is that of its codec: a point's process, and a queue, hand errors on as JSON.
import * as t from 'io-ts'
import { objectCodec, optionalCodec } from './kit/codecOf.js'

/** What every error says: where it happened, what was expected there, and what was found instead. */
const facts = t.intersection([
  objectCodec({
    /** The stage, reader or option that noticed it: `admmMask`, `loadTeacher`, `--set`. */
    stage: t.string,
    /** What would have been right, as a noun phrase or a condition: `rate > 1`, `a file of 47,040,016 bytes`. */
    expected: t.string,
    /** What was there: `0`, `47,040,000 bytes`. */
    actual: t.string,
  }),
  optionalCodec({
    /** What the user can do about it, as a whole sentence. */
    hint: t.string,
    /** The underlying exception, shown only when asked for. It stays in its process. */
    cause: t.unknown,
  }),
])

const ofFile = objectCodec({ file: t.string })

const usageError = t.intersection([objectCodec({ _tag: t.literal('UsageError') }), facts])

/** Wrong usage: an unknown flag, key or pipeline file. Exit code 2. */
export interface UsageError extends t.TypeOf<typeof usageError> {}

const optionError = t.intersection([objectCodec({ _tag: t.literal('OptionError') }), facts])

/** An option, parameter or stage order that can't work. Exit code 2. */
export interface OptionError extends t.TypeOf<typeof optionError> {}

const fileError = t.intersection([objectCodec({ _tag: t.literal('FileError') }), ofFile, facts])

/** A file that is missing, truncated, oversized, corrupt, malicious or of another kind. Exit code 2. */
export interface FileError extends t.TypeOf<typeof fileError> {}

const runError = t.intersection([objectCodec({ _tag: t.literal('RunError') }), facts])

/** The run itself failed: a loss that is not finite, a custom stage that threw. Exit code 1. */
export interface RunError extends t.TypeOf<typeof runError> {}

const writeError = t.intersection([objectCodec({ _tag: t.literal('WriteError') }), ofFile, facts])

/** Writing failed: a full disk, a read-only folder. Exit code 1. */
export interface WriteError extends t.TypeOf<typeof writeError> {}

const interruptedError = t.intersection([objectCodec({ _tag: t.literal('InterruptedError') }), facts])

/** Ctrl-C: the state was saved, and `hint` says how to resume. Exit code 130. */
export interface InterruptedError extends t.TypeOf<typeof interruptedError> {}

/** What can go wrong, as data: each says which stage, what was expected and what was there. */
export type PwoaError = UsageError | OptionError | FileError | RunError | WriteError | InterruptedError

/** The codec of {@link PwoaError}. */
export const PwoaError: t.Type<PwoaError> = t.union([
  usageError,
  optionError,
  fileError,
  runError,
  writeError,
  interruptedError,
])

/** An error as another process can read it. */
export const withoutCause = ({ cause: _, ...error }: PwoaError): PwoaError => error
