import * as TE from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, toPwoaError, valueOf, valueOfTask } from '../../dsl/errors.js'
import { kindOfFile, refuseKind } from '../files/kindOfFile.js'
import { type BudgetOptions, ReadBudget } from '../files/readBudget.js'
import { readWhole } from '../files/readWhole.js'
import { type Place, placing, refuse } from '../files/refusal.js'
import { readOnnx } from './onnx/readOnnx.js'
import { readSafetensors } from './safetensors.js'
import { expandSparse } from './sparse.js'
import type { Checkpoint, ReadCheckpointOptions } from './tensors/checkpoint.js'
import type { Selection } from './torch/findTensors.js'
import { readTorchCheckpoint } from './torch/readTorch.js'

const MOST_BYTES = 2 ** 31 - 1

type Format = 'torch' | 'safetensors' | 'onnx' | 'unknown'

/** Protocol buffer tags of the fields that may follow the first one, `ir_version`, in an ONNX model. */
const ONNX_TAGS: readonly number[] = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72]

/** The format of a checkpoint, by its first bytes. The path decides only for files that no format matches. */
export const formatOf = (bytes: Uint8Array, path: string): Format => {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1')
  if (head.startsWith('PK')) return 'torch'
  // A safetensors file begins with the length of its header (eight bytes) and the header, which is JSON. This comes
  // before pickles because some lengths, such as 640, begin as a pickle does.
  const isHeader = head[8] === '{'
  if (isHeader && bytes.subarray(4, 8).every((byte) => byte === 0)) return 'safetensors'
  // A pickle starts with PROTO, or in protocols 0 and 1 with an integer (PyTorch's magic number) or a name.
  const isPickle = bytes[0] === 0x80 && (bytes[1] ?? 0xff) <= 5
  if (isPickle || /^(L\d+L?\n|\(?[ci][\w.]+\n)/.test(head)) return 'torch'
  if (isHeader) return 'safetensors'
  const isModel = bytes[0] === 0x08 && (bytes[1] ?? 0xff) < 0x80 && ONNX_TAGS.includes(bytes[2] ?? 0)
  // A model may be damaged, or have its fields in another order: then its extension decides.
  return isModel || (path.endsWith('.onnx') && kindOfFile(bytes) === undefined) ? 'onnx' : 'unknown'
}

/**
 * Reads a checkpoint: PyTorch (zip or pickle), safetensors or ONNX, recognised by the contents and not by the extension.
 * Nothing in the file is executed.
 *
 * @returns the checkpoint, or a FileError if the file is missing, a folder, unreadable, empty, of 2 GiB or more, of another
 * format, cut off, corrupt, malicious or over the budget; a file of another format is named (a Git LFS pointer, a web
 * page, an archive), with what to do
 */
export const readCheckpoint = (
  path: string,
  { stage = 'loadTeacher', select = 0, key, budget }: ReadCheckpointOptions = {},
): TE.TaskEither<PwoaError, Checkpoint> =>
  TE.tryCatch(
    () => read({ stage, file: path }, { select, key }, budget),
    (thrown) => toPwoaError(stage, thrown),
  )

const read = async (place: Place, selection: Selection, options: BudgetOptions = {}): Promise<Checkpoint> => {
  const { stage, file } = place
  const bytes = await valueOfTask(readWhole(place, MOST_BYTES))
  const budget = new ReadBudget(bytes.length, options)
  const format = formatOf(bytes, file)
  if (selection.key !== undefined && (format === 'safetensors' || format === 'onnx'))
    return placing(place, async () =>
      refuse('a PyTorch file, of which key chooses a network', `a file of one network (${format})`),
    )
  switch (format) {
    case 'torch':
      return valueOfTask(readTorchCheckpoint(bytes, file, { stage, ...selection, budget }))
    case 'safetensors': {
      const checkpoint = valueOf(expandSparse(place, valueOf(readSafetensors(bytes, file, stage, budget)), budget))
      return { ...checkpoint, isComplete: checkpoint.metadata.description !== undefined }
    }
    case 'onnx':
      return valueOfTask(readOnnx(bytes, file, stage, budget))
    case 'unknown':
      return placing(place, async () =>
        refuseKind('a PyTorch, safetensors or ONNX file', bytes, `another kind of file, of ${bytes.length} bytes`),
      )
  }
}
