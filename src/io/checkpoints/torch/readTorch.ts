import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { toFileError } from '../../files/refusal.js'
import type { Checkpoint, ReadCheckpointOptions } from '../tensors/checkpoint.js'
import { readTorchLegacy } from './torchLegacy.js'
import { readTorchZip } from './torchZip.js'

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

/**
 * Reads a PyTorch checkpoint, of the zip format or the pickle format before it, without executing anything in it.
 * All element types become float32; views are copied out in row-major order.
 *
 * The tensors are those of the state dict at the top, or under `state_dict`, `model`, `model_state_dict`, `net` or
 * `last`, by the names of the file.
 *
 * Errors: a `FileError` for whatever is cut off, corrupt, too large for its bytes, big-endian, or refers to a type
 * or function other than those of plain tensors.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 */
export const readTorchCheckpoint = (
  bytes: Uint8Array,
  file: string,
  { stage = 'loadTeacher', select = 0 }: ReadCheckpointOptions = {},
): TE.TaskEither<PwoaError, Checkpoint> =>
  TE.tryCatch(
    async () => (isZip(bytes) ? await readTorchZip(bytes, select) : readTorchLegacy(bytes, select)),
    (thrown) => toFileError({ stage, file }, thrown),
  )
