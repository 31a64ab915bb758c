import { describe, expect, it } from 'vitest'
import type { Architecture } from '../../../src/models/architecture/architecture.js'
import { describeArchitecture } from '../../../src/models/architecture/description.js'
import { parametersOf } from '../../../src/models/parameters/parameters.js'
import { statisticsOf } from '../../../src/models/parameters/statistics.js'
import type { NamedTensors } from '../../../src/models/parameters/weights.js'
import { densenet121 } from '../../../src/models/zoo/densenet.js'
import { dmPreactResnet, dmPreactResnet18, dmPreactResnet34 } from '../../../src/models/zoo/dmPreactResnet.js'
import { dmWideResnet } from '../../../src/models/zoo/dmWideResnet.js'
import { preactResnet50 } from '../../../src/models/zoo/ensembles.js'
import { fittingNetworks, sizedNetwork } from '../../../src/models/zoo/families.js'
import { mobilenetV2 } from '../../../src/models/zoo/mobilenetV2.js'
import { convnext } from '../../../src/models/zoo/patches/convnext.js'
import { vit } from '../../../src/models/zoo/patches/vit.js'
import { xcit } from '../../../src/models/zoo/patches/xcit.js'
import { preactResnet18 } from '../../../src/models/zoo/preactResnet.js'
import { raWideResnet } from '../../../src/models/zoo/raWideResnet.js'
import { raWideResnet101x2 } from '../../../src/models/zoo/raWideResnet101x2.js'
import { resnest152 } from '../../../src/models/zoo/resnest.js'
import { resnet18, resnet34, resnet50, wideResnet50x2 } from '../../../src/models/zoo/resnet.js'
import { robustWideResnet } from '../../../src/models/zoo/robustWideResnet.js'
import { resnet2b, smallCnn } from '../../../src/models/zoo/smallNetworks.js'
import { vgg11bn, vgg16bn } from '../../../src/models/zoo/vgg.js'
import { wideResnet } from '../../../src/models/zoo/wideResnet.js'
import { architectureNames, lenet, zoo } from '../../../src/models/zoo/zoo.js'

/** A state dict of a network, of ones, with a prefix before each name. */
const tensorsOf = (network: Architecture, prefix = ''): NamedTensors =>
  new Map(
    [
      ...parametersOf(network).map(({ name, torchShape }) => ({ name, shape: torchShape })),
      ...statisticsOf(network).map(({ name, size }) => ({ name, shape: [size] })),
    ].map(({ name, shape }) => [
      `${prefix}${name}`,
      { shape, data: new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1) },
    ]),
  )

const narrow = { width: 4, classes: 7 }

describe('the sizes of a network', () => {
  it.each([
    ['resnet18', resnet18(narrow)],
    ['resnet34', resnet34(narrow)],
    ['resnet50', resnet50(narrow)],
    ['resnet18', resnet18({ ...narrow, release: 'torchvision', size: 64 })],
    ['preactResnet18', preactResnet18(narrow)],
    ['preactResnet18', preactResnet18({ ...narrow, last: 'none' })],
    ['wideResnet', wideResnet({ ...narrow, depth: 16, factor: 3 })],
    ['wideResnet28x10', wideResnet({ width: 1, classes: 7, depth: 28, factor: 10 })],
    ['dmPreactResnet18', dmPreactResnet18(narrow)],
    ['dmWideResnet', dmWideResnet({ ...narrow, depth: 10, factor: 2 })],
    ['dmPreactResnet34', dmPreactResnet34(narrow)],
    ['dmPreactResnet', dmPreactResnet({ ...narrow, blocks: [1, 3, 2, 1] })],
    ['robustWideResnet', robustWideResnet({ blocks: [1, 2, 1], channels: [2, 4, 6, 4], classes: 7 })],
    [
      'robustWideResnet',
      robustWideResnet({
        blocks: [2, 1, 1],
        channels: [2, 4, 6, 4],
        classes: 7,
        release: 'robustResNet',
        activation: 'silu',
      }),
    ],
    ['raWideResnet', raWideResnet({ blocks: [1, 2, 1], channels: [4, 8, 12, 16], classes: 7 })],
    [
      'raWideResnet101x2',
      raWideResnet101x2({ width: 4, size: 64, depths: [1, 2, 1, 1], channels: [8, 8, 12, 16], groups: 1, classes: 7 }),
    ],
    ['wideResnet50x2', wideResnet50x2({ ...narrow, release: 'torchvision', size: 64 })],
    ['vgg11bn', vgg11bn({ ...narrow, release: 'torchvision', size: 64, pooled: 2, hidden: 9 })],
    ['vgg16bnPwoa', vgg16bn({ ...narrow, release: 'pwoa' })],
    ['mobilenetV2', mobilenetV2({ multiplier: 0.1, classes: 7, size: 64 })],
    ['densenet121', densenet121({ growth: 1, width: 2, classes: 7, size: 64 })],
    ['convnext', convnext({ ...narrow, depths: [1, 2, 1, 3], size: 64 })],
    ['convnext', convnext({ ...narrow, depths: [1, 2, 1, 3], size: 64, release: 'facebook' })],
    ['convnext', convnext({ ...narrow, depths: [1, 2, 1, 3], size: 64, release: 'timm' })],
    ['convnext', convnext({ ...narrow, size: 64, release: 'timm', stem: 'twoConvolutions' })],
    ['convnext', convnext({ ...narrow, size: 64, release: 'timm', stem: 'threeConvolutions' })],
    ['vit', vit({ ...narrow, depth: 2, size: 24, patch: 8 })],
    ['vit', vit({ width: 128, classes: 7, depth: 1, hidden: 6, size: 224, release: 'timm' })],
    ['vit', vit({ ...narrow, depth: 3, size: 64, release: 'timm', stem: 'convolutions', stemWidth: 2 })],
    ['vgg16bn', vgg16bn(narrow)],
    ['xcit', xcit({ width: 8, depth: 1, heads: 2, hidden: 9, classBlocks: 1, features: 8, classes: 7, size: 64 })],
    ['vgg16bnHydra', vgg16bn({ ...narrow, release: 'hydra' })],
  ])('are read off the file: %s', (name, network) => {
    for (const prefix of ['', 'module.model.']) {
      const { architecture } = sizedNetwork('test', name, tensorsOf(network, prefix), { classes: 10, side: 64 })
      expect([architecture.name, describeArchitecture(architecture)]).toEqual([
        network.name,
        describeArchitecture(network),
      ])
    }
  })

  it.each(architectureNames)(
    'of a file without the layers are those of the name, with the classes of the data: %s',
    (name) => {
      const { architecture } = sizedNetwork('test', name, new Map(), { classes: 7, side: 32 })
      expect([architecture.name, architecture.classes]).toEqual([zoo[name].name, 7])
    },
  )

  it('are those that the name states, whatever the file has', () => {
    const file = tensorsOf(wideResnet({ depth: 16, factor: 2, width: 4 }))
    expect(sizedNetwork('test', 'wideResnet28x10', file).architecture.name).toBe('wideResnet28x10 of width 4')
  })

  it('are not read off an empty tensor, and no factor is a fraction', () => {
    const empty = new Map([['conv1.weight', { shape: [1e9, 0], data: new Float32Array() }]])
    expect(sizedNetwork('test', 'resnet18', empty).architecture.name).toBe('resnet18')
    const file = new Map([...tensorsOf(wideResnet({ depth: 10, factor: 1, width: 3 }))])
    file.set('conv1.weight', { shape: [2, 3, 3, 3], data: new Float32Array(54) })
    expect(sizedNetwork('test', 'wideResnet', file).options).not.toHaveProperty('factor')
  })

  it('say which options the file does not show', () => {
    expect(sizedNetwork('test', 'preactResnet18', tensorsOf(preactResnet18(narrow)))).toMatchObject({
      options: { width: 4, classes: 7, last: 'batchNorm' },
      assumed: ['shortcut'],
    })
  })

  it('a DeepMind network of 100 classes has the normalisation of CIFAR-100', () => {
    const hundred = dmWideResnet({ depth: 10, factor: 1, width: 2, classes: 100, normalisation: 'cifar100' })
    expect(sizedNetwork('test', 'dmWideResnet', tensorsOf(hundred)).architecture).toEqual(hundred)
  })

  it('an unknown name is refused', () => {
    expect(() => sizedNetwork('test', 'resnet19', new Map())).toThrow('got resnet19')
  })
})

describe('the networks that a file fits', () => {
  it('are none if no network has its sizes', () => {
    const file = new Map(tensorsOf(convnext({ width: 6, size: 32, release: 'timm', stem: 'twoConvolutions' })))
    expect(fittingNetworks(file)).toHaveLength(1)
    file.set('stem.stem.6.weight', { shape: [6, 5, 3, 3], data: new Float32Array(270) })
    expect(fittingNetworks(file)).toEqual([])
  })

  it.each([
    [resnet34(narrow), ['resnet34']],
    [wideResnet({ depth: 16, factor: 2, width: 4 }), ['wideResnet']],
    [wideResnet({ depth: 28, factor: 10, width: 1 }), ['wideResnet']],
    [vgg16bn({ ...narrow, release: 'hydra' }), ['vgg16bn']],
    [lenet, ['lenet']],
    [robustWideResnet({ blocks: [1, 1, 1], channels: [2, 4, 6, 4] }), ['robustWideResnet']],
    [vit({ ...narrow, depth: 2, size: 32, release: 'timm' }), ['vit']],
    [dmPreactResnet34({ width: 2 }), ['dmPreactResnet34']],
    // As deep as dmPreactResnet18.
    [dmPreactResnet({ width: 2, blocks: [1, 3, 2, 2] }), ['dmPreactResnet']],
    [convnext({ width: 4, size: 64, depths: [1, 1, 2, 1] }), ['convnext']],
    [convnext({ width: 4, size: 64, release: 'timm', stem: 'twoConvolutions' }), ['convnext']],
    [vgg16bn({ width: 2, release: 'pwoa' }), ['vgg16bnPwoa']],
    [resnet2b, ['resnet2b']],
    [resnest152({ width: 4, stem: 2, blocks: [1, 1, 1, 1] }), ['resnest152']],
    [preactResnet50({ width: 1 }), ['preactResnet50']],
    [wideResnet({ depth: 10, factor: 1, width: 2, last: 'cosine' }), ['wideResnet']],
    [xcit({ width: 8, depth: 1 }), ['xcit']],
    [smallCnn, ['smallCnn']],
  ])('%#', (network, names) => {
    const found = fittingNetworks(tensorsOf(network, 'module.'))
    expect(found.map(({ name }) => name)).toEqual(names)
    expect(found.map(({ architecture }) => architecture.name)).toEqual([network.name])
  })

  it('are found although the sizes of the file would not make each of the others', () => {
    const narrowest = fittingNetworks(tensorsOf(resnet50({ width: 1 })))
    expect(narrowest.map(({ name }) => name)).toEqual(['resnet50'])
    const odd = new Map(
      [
        ['norm.weight', 12],
        ['blocks.0.attn.temperature', 5],
        ['head.weight', 3],
      ].map(([name, size]) => [String(name), { shape: [Number(size)], data: new Float32Array(Number(size)) }]),
    )
    expect(fittingNetworks(odd)).toEqual([])
  })

  it('are none for a tensor too many or too few', () => {
    const whole = new Map(tensorsOf(resnet18(narrow)))
    const more = new Map([...whole, ['other.weight', { shape: [1], data: new Float32Array(1) }]])
    const [, ...fewer] = whole
    expect(fittingNetworks(whole)).toHaveLength(1)
    expect(fittingNetworks(more)).toEqual([])
    expect(fittingNetworks(new Map(fewer))).toEqual([])
    expect(fittingNetworks(new Map())).toEqual([])
  })
})
