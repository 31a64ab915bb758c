import type { ReadBudget } from '../../files/readBudget.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import type { FoundTensors } from './findTensors.js'
import { foldParametrizations } from './foldParametrizations.js'
import { materialize } from './materialize.js'

/**
 * Reads the tensors that were found in a PyTorch file, with plain weights.
 *
 * @param storageOf the bytes of a storage by its key
 * @param available bytes of all storages together
 * @throws Refusal as `materialize` and `foldParametrizations` do
 */
export const checkpointOf = (
  { tensors, path, skipped, warnings }: FoundTensors,
  storageOf: (key: string) => Uint8Array | undefined,
  available: number,
  budget: ReadBudget,
): Checkpoint => ({
  ...foldParametrizations(materialize(tensors, storageOf, available, budget), budget),
  metadata: path === '' ? {} : { stateDict: path },
  skipped,
  warnings,
})
