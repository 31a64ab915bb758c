import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { ReadBudget } from '../../files/readBudget.js'
import { toFileError } from '../../files/refusal.js'
import type { Checkpoint, ReadCheckpointOptions } from '../tensors/checkpoint.js'
import { readTorchLegacy } from './torchLegacy.js'
import { readTorchZip } from './torchZip.js'

/** The stage that reads, which network of the file it takes, and what that may cost. */
export interface ReadTorchOptions extends Omit<ReadCheckpointOptions, 'budget'> {
  /** @default the usual budget of a file of that size */
  readonly budget?: ReadBudget
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b

/**
 * Reads a PyTorch checkpoint in the zip format or in the older pickle format. Nothing in it is executed. All element
 * types are converted to float32; views are copied in row-major order.
 *
 * The tensors are those of the state dict at the top, or under `state_dict`, `model`, `net` … (see `findTensors`), with
 * their names in the file. What is not a tensor is skipped.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @returns the checkpoint, or a FileError for a file that is cut off, corrupt or big-endian, that declares more than its
 * bytes, that is over the budget, or that holds no network, or several of which `key` chooses none
 */
export const readTorchCheckpoint = (
  bytes: Uint8Array,
  file: string,
  { stage = 'loadTeacher', select = 0, key, budget = new ReadBudget(bytes.length) }: ReadTorchOptions = {},
): TE.TaskEither<PwoaError, Checkpoint> =>
  TE.tryCatch(
    async () =>
      isZip(bytes)
        ? await readTorchZip(bytes, { select, key }, budget)
        : readTorchLegacy(bytes, { select, key }, budget),
    (thrown) => toFileError({ stage, file }, thrown),
  )
