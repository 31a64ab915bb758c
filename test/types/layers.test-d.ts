/** Layers that compile, and layers that do not. */
import { batchNorm2d, conv2d, loadTeacher, normalize, preactResnet18, resnet18, vgg16bn, wideResnet, zoo } from 'pwoa'
import { expectTypeOf, test } from 'vitest'

test('the bias of a convolution is a word', () => {
  conv2d('conv', { out: 8, kernel: 3, bias: 'none' })
  conv2d('conv', { out: 8, kernel: 3, bias: 'learned' })
  // @ts-expect-error: no flags
  conv2d('conv', { out: 8, kernel: 3, bias: false })
})

test('a batch normalisation is as wide as what it reads', () => {
  batchNorm2d('bn', { inputs: ['conv'] })
  // @ts-expect-error: the number of channels follows from the graph
  batchNorm2d('bn', { channels: 8 })
})

test('a custom ResNet has the type of the zoo’s', () => {
  expectTypeOf(resnet18({ classes: 100, width: 16 })).toEqualTypeOf(zoo.resnet18)
  // @ts-expect-error: the depth is in the name
  resnet18({ depth: 34 })
})

test('variants of a network are words', () => {
  preactResnet18({ shortcut: 'input', last: 'none' })
  vgg16bn({ release: 'hydra' })
  wideResnet({ depth: 28, factor: 10, classes: 100 })
  // @ts-expect-error: no flags
  preactResnet18({ last: false })
  // @ts-expect-error: no such release
  vgg16bn({ release: 'torch' })
})

test('a normalisation has a mean and a std', () => {
  normalize({ mean: [0.5], std: [0.5] })
  loadTeacher('net.pt', { architecture: 'resnet18', normalisation: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } })
  // @ts-expect-error: no std
  normalize({ mean: [0.5] })
  // @ts-expect-error: a list for the channels
  loadTeacher('net.pt', { architecture: 'resnet18', normalisation: { mean: 0.5, std: 0.5 } })
})
