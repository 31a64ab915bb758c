import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { describeArchitecture } from '../../../models/architecture/description.js'
import { toFileError } from '../../files/refusal.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { withExternalData } from './externalData.js'
import { decodeModel } from './graph/messages.js'
import { readGraph } from './readGraph.js'

/**
 * Reads an ONNX file of an image classifier: its tensors under PyTorch's names, and the description of the network as
 * `description` in the metadata. Numbers are converted when they are first needed. External data is read from the
 * model's own folder only.
 *
 * @param bytes the whole file; the tensors are views of it
 * @param file its path, to find external data
 * @returns the checkpoint, or a FileError for a file that is corrupt, an operator or an attribute that no layer here has
 * (with the node's name and the opset), a value that is read before it is computed, and external data that is missing or
 * outside of the folder
 * Source: the ONNX specification, onnx.proto and Operators.md, github.com/onnx/onnx.
 */
export const readOnnx = (bytes: Uint8Array, file: string, stage: string): TE.TaskEither<PwoaError, Checkpoint> =>
  TE.tryCatch(
    async () => {
      const { architecture, tensors } = readGraph(await withExternalData(decodeModel(bytes), file))
      return { tensors, metadata: { description: describeArchitecture(architecture) } }
    },
    (thrown) => toFileError({ stage, file }, thrown),
  )
