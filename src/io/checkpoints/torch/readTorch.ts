import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { toFileError } from '../../files/refusal.js'
import type { Checkpoint, ReadCheckpointOptions } from '../tensors/checkpoint.js'
import { readTorchLegacy } from './torchLegacy.js'
import { readTorchZip } from './torchZip.js'

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

/**
 * Reads a PyTorch checkpoint in the zip format or in the older pickle format. Nothing in it is executed. All element
 * types are converted to float32; views are copied in row-major order.
 *
 * The tensors are those of the state dict at the top, or under `state_dict`, `model`, `model_state_dict`, `net` or
 * `last`, with their names in the file.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @returns the checkpoint, or a FileError for a file that is cut off, corrupt or big-endian, that declares more than its
 * bytes, or that refers to types or functions other than those of plain tensors
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
