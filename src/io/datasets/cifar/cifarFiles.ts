/** A file of fixed-length records, by its official name and the checksum of its contents. */
export interface CifarFile {
  readonly name: string
  readonly md5: string
}

/** The official binary version of one of the two data sets. */
export interface CifarVersion {
  readonly name: string
  readonly classes: number
  /** Bytes of labels before the 3072 bytes of pixels in each record. */
  readonly labelBytes: number
  /** Index of the byte that is used as the label. */
  readonly labelAt: number
  /** The folder in the archive. */
  readonly folder: string
  readonly archive: CifarFile
  /** Folder and archive of the version for Python (pickles), which users often have instead. */
  readonly inPython: readonly string[]
  readonly train: readonly CifarFile[]
  readonly test: readonly CifarFile[]
}

/** Where the authors publish the archives: the well-known address, and the one to which it redirects. */
export const CIFAR_MIRRORS = ['https://www.cs.toronto.edu/~kriz/', 'https://cave.cs.toronto.edu/kriz/'] as const

/** Krizhevsky's CIFAR-10: a label and an image in each record. */
export const CIFAR_10: CifarVersion = {
  name: 'CIFAR-10',
  classes: 10,
  labelBytes: 1,
  labelAt: 0,
  folder: 'cifar-10-batches-bin',
  archive: { name: 'cifar-10-binary.tar.gz', md5: 'c32a1d4ab5d03f1284b67883e8d87530' },
  inPython: ['cifar-10-batches-py', 'cifar-10-python.tar.gz'],
  train: [
    { name: 'data_batch_1.bin', md5: '5dd7e06a14cb22eb9f671a540d1b7c25' },
    { name: 'data_batch_2.bin', md5: '5ea93a67294ea407fff1d09f752e9692' },
    { name: 'data_batch_3.bin', md5: '942cd6a4bcdd0dd3c604fbe906cb4421' },
    { name: 'data_batch_4.bin', md5: 'ae636b3ba5c66a11e91e8cb52e771fcb' },
    { name: 'data_batch_5.bin', md5: '53f37980c15c3d472c316c40844f3f0d' },
  ],
  test: [{ name: 'test_batch.bin', md5: '803d5f7f4d78ea53de84dbe85f74fb6d' }],
}

/** Krizhevsky's CIFAR-100: a coarse label, a fine one and an image in each record. */
export const CIFAR_100: CifarVersion = {
  name: 'CIFAR-100',
  classes: 100,
  labelBytes: 2,
  labelAt: 1,
  folder: 'cifar-100-binary',
  archive: { name: 'cifar-100-binary.tar.gz', md5: '03b5dce01913d631647c71ecec9e9cb8' },
  inPython: ['cifar-100-python', 'cifar-100-python.tar.gz'],
  train: [{ name: 'train.bin', md5: '6172c7755cfe09b2fe270c85cebc1b15' }],
  test: [{ name: 'test.bin', md5: '4499cfba6c016c1be1438163640a0898' }],
}
