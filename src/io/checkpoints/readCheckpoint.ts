import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from '../../dsl/errors.js'
import { readWhole } from '../files/readWhole.js'
import { Refusal, toFileError } from '../files/refusal.js'
import { readOnnx } from './onnx/readOnnx.js'
import { readSafetensors } from './safetensors.js'
import { expandSparse } from './sparse.js'
import type { Checkpoint, ReadCheckpointOptions } from './tensors/checkpoint.js'
import { readTorchCheckpoint } from './torch/readTorch.js'

const MOST_BYTES = 2 ** 31 - 1

type Format = 'torch' | 'safetensors' | 'onnx' | 'unknown'

/** Tags of the fields that may follow the first one, `ir_version`, in an ONNX model. */
const ONNX_TAGS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]

/** What a checkpoint is, by its first bytes. */
export const formatOf = (bytes: Uint8Array, path: string): Format => {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1')
  if (head.startsWith('PK')) return 'torch'
  // The length of a safetensors header, eight bytes, and the header, which is JSON. Before pickles: a length of 640
  // begins as they do.
  const isHeader = head[8] === '{'
  if (isHeader && bytes.subarray(4, 8).every((byte) => byte === 0)) return 'safetensors'
  // A pickle starts with PROTO, or in protocols 0 and 1 with an integer (PyTorch's magic number) or a name.
  const isPickle = bytes[0] === 0x80 && (bytes[1] ?? 0xff) <= 5
  if (isPickle || /^(L\d+L?\n|\(?[ci][\w.]+\n)/.test(head)) return 'torch'
  if (isHeader) return 'safetensors'
  const isModel = bytes[0] === 0x08 && (bytes[1] ?? 0xff) < 0x80 && ONNX_TAGS.includes(bytes[2] ?? 0)
  // A model whose fields are in another order, or a damaged one: its ending says what it should be.
  return isModel || path.endsWith('.onnx') ? 'onnx' : 'unknown'
}

/**
 * Reads a checkpoint: PyTorch (zip or pickle), safetensors or ONNX, told apart by their contents, not by the extension.
 *
 * Errors: a `FileError` where the file is missing, a folder, unreadable, empty, of 2 GiB or more, of another format,
 * cut off, corrupt or malicious. Nothing in the file is executed.
 */
export const readCheckpoint = (
  path: string,
  { stage = 'loadTeacher', select = 0 }: ReadCheckpointOptions = {},
): TE.TaskEither<PwoaError, Checkpoint> =>
  pipe(
    readWhole({ stage, file: path }, MOST_BYTES),
    TE.chain((bytes): TE.TaskEither<PwoaError, Checkpoint> => {
      switch (formatOf(bytes, path)) {
        case 'torch':
          return readTorchCheckpoint(bytes, path, { stage, select })
        case 'safetensors':
          return TE.fromEither(
            pipe(
              readSafetensors(bytes, path, stage),
              E.chain((read) => expandSparse({ stage, file: path }, read)),
            ),
          )
        case 'onnx':
          return readOnnx(bytes, path, stage)
        case 'unknown':
          return TE.left(
            toFileError(
              { stage, file: path },
              new Refusal('a PyTorch, safetensors or ONNX file', `another kind of file, of ${bytes.length} bytes`),
            ),
          )
      }
    }),
  )
