import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { describeArchitecture } from '../../../models/architecture/description.js'
import { ReadBudget } from '../../files/readBudget.js'
import { toFileError } from '../../files/refusal.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { PRODUCER } from './encodeOnnx.js'
import { decodeModel } from './graph/messages.js'
import { TensorReader } from './graph/tensorReader.js'
import { readGraph } from './readGraph.js'

/**
 * Reads an ONNX file of an image classifier: its tensors under PyTorch's names, and the description of the network as
 * `description` in the metadata. Numbers are converted when they are first needed. External data is read from the
 * model's own folder only.
 *
 * @param bytes the whole file; the tensors are views of it
 * @param file its path, to find external data
 * @param budget what reading may cost
 * @returns the checkpoint, or a FileError for a file that is corrupt, operators that no layer here has (all of them), an
 * attribute or a value of one that is not understood (with the node's name and the opset), a value that is read before it
 * is computed, a tensor with more or fewer numbers than its shape requires, external data that is missing or outside of
 * the folder, and a file that would take more memory or work than the budget
 * Source: the ONNX specification, onnx.proto and Operators.md, github.com/onnx/onnx.
 */
export const readOnnx = (
  bytes: Uint8Array,
  file: string,
  stage: string,
  budget = new ReadBudget(bytes.length),
): TE.TaskEither<PwoaError, Checkpoint> =>
  TE.tryCatch(
    async () => {
      const model = decodeModel(bytes, budget)
      const { architecture, tensors, warnings } = readGraph(model, new TensorReader(file, budget), budget)
      return {
        tensors,
        metadata: { description: describeArchitecture(architecture) },
        isComplete: model.producerName === PRODUCER,
        warnings,
      }
    },
    (thrown) => toFileError({ stage, file }, thrown),
  )
