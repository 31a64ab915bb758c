/** One of the four files: its official name, and the MD5 of the unpacked file. */
export interface MnistFile {
  readonly name: string
  readonly md5: string
}

/** The four files of MNIST. */
export const MNIST_FILES = {
  trainImages: { name: 'train-images-idx3-ubyte', md5: '6bbc9ace898e44ae57da46a324031adb' },
  trainLabels: { name: 'train-labels-idx1-ubyte', md5: 'a25bea736e30d166cdddb491f175f624' },
  testImages: { name: 't10k-images-idx3-ubyte', md5: '2646ac647ad5339dbf082846283269ea' },
  testLabels: { name: 't10k-labels-idx1-ubyte', md5: '27ae3e4e09519cfbb04c329615203637' },
} as const satisfies Readonly<Record<string, MnistFile>>

/** The public mirrors that torchvision and TensorFlow Datasets use; both hold `<name>.gz`. */
export const MNIST_MIRRORS = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
] as const

/** The names that a file may have: with or without .gz, and with a dot for the dash, as some unpackers write it. */
export const spellingsOf = ({ name }: MnistFile): readonly string[] => {
  const dotted = name.replace('-idx', '.idx')
  return [name, `${name}.gz`, dotted, `${dotted}.gz`]
}
