import { given } from '../../dsl/kit/given.js'
import { quoted, refuse } from './refusal.js'

/** What a file is that a reader does not read, in words, and what to do. */
export interface KindOfFile {
  readonly actual: string
  readonly hint?: string
}

/** A kind by its first bytes, as latin1, so that each byte is a character. */
interface KnownKind extends KindOfFile {
  readonly is: (head: string) => boolean
}

const starting =
  (...starts: readonly string[]) =>
  (head: string): boolean =>
    starts.some((start) => head.startsWith(start))

const fitting =
  (pattern: RegExp) =>
  (head: string): boolean =>
    pattern.test(head)

const UNPACK = 'Unpack it, and name the file inside.'
const SAVE_TENSORS = 'Export the tensors as PyTorch (torch.save of a state dict), safetensors or ONNX.'

/** The first that fits is taken. */
const KINDS: readonly KnownKind[] = [
  {
    is: starting('version https://git-lfs.github.com/'),
    actual: 'a Git LFS pointer, which names the file but does not hold it',
    hint: 'Fetch the file: git lfs pull.',
  },
  {
    is: fitting(/^\s*(<!doctype html|<html|<head|<!--)/i),
    actual: 'a web page (HTML)',
    hint: 'The download brought a page, perhaps for signing in or for confirming: download the file itself.',
  },
  {
    is: fitting(/^\s*<(\?xml|Error>)/),
    actual: 'an XML text, such as the error of a download',
    hint: 'Read it for the reason, and download the file again.',
  },
  { is: starting('\x1f\x8b'), actual: 'gzip data', hint: 'Unpack it: gunzip, or tar xzf for an archive.' },
  { is: starting('BZh'), actual: 'bzip2 data', hint: 'Unpack it: bunzip2, or tar xjf for an archive.' },
  { is: starting('\xfd7zXZ\0'), actual: 'xz data', hint: 'Unpack it: unxz, or tar xJf for an archive.' },
  { is: starting('\x28\xb5\x2f\xfd'), actual: 'Zstandard data', hint: 'Unpack it: unzstd.' },
  { is: starting('7z\xbc\xaf\x27\x1c'), actual: 'a 7z archive', hint: UNPACK },
  { is: starting('Rar!\x1a\x07'), actual: 'a RAR archive', hint: UNPACK },
  { is: starting('PK\x03\x04', 'PK\x05\x06'), actual: 'a zip archive', hint: UNPACK },
  { is: starting('\x89HDF\r\n'), actual: 'an HDF5 file, such as a Keras model', hint: SAVE_TENSORS },
  { is: starting('\x93NUMPY'), actual: 'a NumPy array (.npy)', hint: SAVE_TENSORS },
  { is: starting('GGUF'), actual: 'a GGUF file', hint: SAVE_TENSORS },
  { is: (head) => head.startsWith('TFL3', 4), actual: 'a TensorFlow Lite model', hint: SAVE_TENSORS },
  { is: starting('\x89PNG'), actual: 'a PNG image' },
  { is: starting('\xff\xd8\xff'), actual: 'a JPEG image' },
  { is: starting('%PDF-'), actual: 'a PDF document' },
  { is: starting('\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'), actual: 'a Python pickle' },
  { is: starting('\x7fELF'), actual: 'a program' },
]

const TAR = { at: 257, magic: 'ustar' }
/** The files of PyTorch's first format, in the order in which it wrote them. */
const TORCH_TAR = /^(\.\/)?(storages|tensors|pickle|sys_info)\b/

const HEAD_BYTES = 512

/** Printable characters and line breaks alone. */
const TEXT = /^[\s\x20-\x7e]+$/
/** Characters of a text that an error shows. */
const SHOWN = 40

/** The kind of a file that no reader takes, by its first bytes; undefined if they are of no kind that is known. */
export const kindOfFile = (bytes: Uint8Array): KindOfFile | undefined => {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES)).toString('latin1')
  if (head.startsWith(TAR.magic, TAR.at))
    return TORCH_TAR.test(head)
      ? {
          actual: 'a checkpoint of PyTorch before version 0.1.10, a tar archive',
          hint: 'If you trust it, convert it in Python: torch.save(torch.load(path, weights_only=False), new_path).',
        }
      : { actual: 'a tar archive', hint: 'Unpack it: tar xf. Then name the file inside.' }
  const known = KINDS.find(({ is }) => is(head))
  if (known === undefined && TEXT.test(head))
    return { actual: `a text that begins with ${quoted(head.slice(0, SHOWN))}` }
  return known && { actual: known.actual, ...given({ hint: known.hint }) }
}

/**
 * Stops a parser at a file of another kind.
 *
 * @param expected what it reads
 * @param otherwise what was found instead, for a file of no kind that is known
 * @throws Refusal always
 */
export const refuseKind = (expected: string, bytes: Uint8Array, otherwise: string): never => {
  const { actual, hint }: KindOfFile = kindOfFile(bytes) ?? { actual: otherwise }
  return refuse(expected, actual, hint)
}
