import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../../src/dsl/errors.js'
import { adaptiveAvgPool2d, adaptiveMaxPool2d } from '../../../src/models/architecture/adaptivePool.js'
import { type Architecture, architecture, withClasses } from '../../../src/models/architecture/architecture.js'
import { executionOf } from '../../../src/models/architecture/execution.js'
import { hiddenLayers } from '../../../src/models/architecture/hiddenLayers.js'
import { foldingOf } from '../../../src/models/forward/folding.js'
import { concat, multiply, scale, selectChannels } from '../../../src/models/layers/channelLayers.js'
import type { Layer } from '../../../src/models/layers/layer.js'
import {
  add,
  avgPool2d,
  conv2d,
  flatten,
  given,
  linear,
  maxPool2d,
  normalize,
  pad2d,
  relu,
  sample,
} from '../../../src/models/layers/layers.js'
import { groupNorm, layerNorm } from '../../../src/models/layers/normalisations.js'
import { countsOf } from '../../../src/models/parameters/counts.js'
import { normalisationOf, withNormalisation } from '../../../src/models/parameters/normalisation.js'
import { parameterCount, parametersOf, weightLayers } from '../../../src/models/parameters/parameters.js'
import { freshStatistics, statisticsCount, statisticsOf } from '../../../src/models/parameters/statistics.js'
import { preactResnet18 } from '../../../src/models/zoo/preactResnet.js'
import { resnet18, resnet34, resnet50 } from '../../../src/models/zoo/resnet.js'
import { vgg16bn } from '../../../src/models/zoo/vgg.js'
import { wideResnet } from '../../../src/models/zoo/wideResnet.js'
import {
  architectureNames,
  cifarNet,
  lenet,
  lenet5,
  mnistNet,
  resolveArchitecture,
  zoo,
} from '../../../src/models/zoo/zoo.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { normalised, shortcut } from '../fixtures.js'

const grey8 = { height: 8, width: 8, channels: 1 }
const make = (layers: readonly Layer[], input = grey8) => architecture('own', input, layers)
const head = [flatten(), linear('fc', { out: 2 })]

describe('architecture', () => {
  it.each([
    ['no layers', () => make([]), 'a last layer that returns one vector of logits, got no layers'],
    ['an image as the output', () => make([relu()]), 'a last layer that returns one vector of logits, got image'],
    ['no pixels', () => make(head, { ...grey8, height: 0 }), 'a whole number >= 1 of input height, got 0'],
    ['half a channel', () => make(head, { ...grey8, channels: 0.5 }), 'a whole number >= 1 of input channels, got 0.5'],
    ['a repeated id', () => make([relu({ id: 'a' }), relu({ id: 'a' })]), 'distinct layer ids, got "a" twice'],
    ['the id of the input', () => make([relu({ id: 'input' })]), 'distinct layer ids, got "input" twice'],
    [
      'a repeated name',
      () => make([conv2d('c', { out: 1, kernel: 1 }), conv2d('c', { id: 'd', out: 1, kernel: 1 })]),
      'distinct layer names, got "c" twice',
    ],
    ['an unknown input', () => make([relu({ inputs: ['x'] })]), 'an earlier layer as input of "relu-0", got "x"'],
    [
      'a later layer as input',
      () => make([relu({ inputs: ['fc'] }), ...head]),
      'an earlier layer as input of "relu-0", got "fc"',
    ],
    [
      'a convolution of a vector',
      () => make([...head, conv2d('c', { out: 1, kernel: 1 })]),
      'one image for "c", got a vector of 2',
    ],
    [
      'a convolution of two images',
      () => make([relu(), conv2d('c', { inputs: ['input', 'relu-0'], out: 1, kernel: 1 })]),
      'one image for "c"',
    ],
    ['a flattened vector', () => make([...head, flatten()]), 'one image for "flatten-2", got a vector of 2'],
    [
      'an image for a linear layer',
      () => make([linear('fc', { out: 2 })]),
      'one vector (add flatten()) for "fc", got 8 x 8 x 1',
    ],
    [
      'group normalisation of a vector',
      () => make([...head, groupNorm('gn', { groups: 1 })]),
      'one image for "gn", got a vector of 2',
    ],
    [
      'groups that do not divide the channels',
      () => make([groupNorm('gn', { groups: 2 }), ...head]),
      'groups that divide 1 channels for "gn", got 2',
    ],
    ['an ε of 0', () => make([{ ...layerNorm('ln'), epsilon: 0 }, ...head]), 'a finite epsilon > 0 for "ln", got 0'],
    [
      'no kernel',
      () => make([{ ...conv2d('c', { out: 1, kernel: 1 }), kernel: 0 }]),
      'a whole kernel >= 1 for "c", got 0',
    ],
    [
      'half a stride',
      () => make([{ ...maxPool2d({ kernel: 2 }), stride: 0.5 }]),
      'a whole stride >= 1 for "maxPool2d-0", got 0.5',
    ],
    [
      'a negative padding',
      () => make([{ ...conv2d('c', { out: 1, kernel: 1 }), padding: -1 }]),
      'a whole padding >= 0 for "c", got -1',
    ],
    [
      'padding of more than half a window',
      () => make([maxPool2d({ kernel: 3, padding: 2 })]),
      'a padding of at most half the kernel, 1.5 for "maxPool2d-0", got 2',
    ],
    [
      'half a pixel at a side',
      () => make([{ ...pad2d({ right: 1 }), top: 0.5 }]),
      'a whole number >= 0 of pixels on each side for "pad2d-0", got 0.5',
    ],
    [
      'no output channels',
      () => make([{ ...conv2d('c', { out: 1, kernel: 1 }), out: 0 }]),
      'a whole number of output channels >= 1 for "c", got 0',
    ],
    [
      'groups that divide only the input',
      () => make([conv2d('c', { out: 4, kernel: 1 }), conv2d('d', { out: 6, kernel: 1, groups: 4 })]),
      'groups that divide 4 input and 6 output channels for "d", got 4',
    ],
    [
      'groups that divide only the output',
      () => make([conv2d('c', { out: 4, kernel: 1, groups: 2 })]),
      'groups that divide 1 input and 4 output channels for "c", got 2',
    ],
    [
      'half a group',
      () => make([{ ...conv2d('c', { out: 1, kernel: 1 }), groups: 0.5 }]),
      'a whole number of groups >= 1 for "c", got 0.5',
    ],
    [
      'a boolean bias',
      () => make([{ ...conv2d('c', { out: 1, kernel: 1 }), bias: false } as unknown as Layer]),
      'a bias among learned, none for "c", got false',
    ],
    [
      'a normalisation of other channels',
      () => make([normalize({ mean: [0.5, 0.5], std: [1] }), ...head]),
      'a mean for each of 1 channels for "normalize-0", got 0.5, 0.5',
    ],
    [
      'a normalisation without a std',
      () => make([{ ...normalize({ mean: [0.5], std: [1] }), std: [] }, ...head]),
      'a std for each of 1 channels for "normalize-0", got none',
    ],
    [
      'a normalisation in the units of pixels',
      () => make([{ ...normalize({ mean: [0.5], std: [1] }), mean: [33.3], std: [78.6] }, ...head]),
      'a mean in [0, 1] and a std in [0.0039, 1] for "normalize-0", got 33.3; images are in [0, 1]: did you mean 33.3/255 = 0.1306?',
    ],
    [
      'a normalisation that was divided by 255 twice',
      () => make([{ ...normalize({ mean: [0], std: [1] }), std: [0.3081 / 255] }, ...head]),
      'a mean in [0, 1] and a std in [0.0039, 1] for "normalize-0", got 0.001208235294117647; images are in [0, 1]: was it divided by 255 twice? 255 times that is 0.3081',
    ],
    [
      'a normalisation by 0',
      () => make([{ ...normalize({ mean: [0.5], std: [1] }), std: [0] }, ...head]),
      'a mean in [0, 1] and a std in [0.0039, 1] for "normalize-0", got 0',
    ],
    [
      'a mean of NaN',
      () => make([{ ...normalize({ mean: [0], std: [1] }), mean: [Number.NaN] }, ...head]),
      'a mean in [0, 1] and a std in [0.0039, 1] for "normalize-0", got NaN',
    ],
    [
      'a normalisation of a hidden activation',
      () => make([relu(), normalize({ mean: [0], std: [1] }), ...head]),
      'the network\'s input as input of "normalize-1", got "relu-0"',
    ],
    [
      'two normalisations',
      () => {
        const one = normalize({ mean: [0], std: [1] })
        return make([one, { ...one, inputs: ['input'] }, ...head])
      },
      'at most one normalize layer, got "normalize-1" as another',
    ],
    [
      'an unknown given value',
      () => make([given('weather' as 'noise', { out: 2 }), ...head]),
      'a value among noise, labels for "given-0", got weather',
    ],
    [
      'a given value of no numbers',
      () => make([{ ...given('noise', { out: 1 }), out: 0 }]),
      'a whole number of values >= 1 for "given-0"',
    ],
    [
      'noise that reads a layer',
      () => make([{ ...given('noise', { out: 2 }), inputs: ['input'] }]),
      'no inputs for "given-0", got 1',
    ],
    [
      'a sample of images',
      () => make([sample(['input', 'input'])]),
      'a vector as the mean for "sample-0", got 8 x 8 x 1',
    ],
    ['a sample without noise', () => make([...head, sample(['fc'])]), 'two or three inputs for "sample-2", got 1'],
    [
      'noise of another width',
      () => make([...head, given('noise', { id: 'e', out: 3 }), sample(['fc', 'e'])]),
      'a vector of 2 for "sample-3", got a vector of 3',
    ],
    [
      'two samples',
      () => make([...head, given('noise', { id: 'e', out: 2 }), sample(['fc', 'e']), sample(['fc', 'e'])]),
      'at most one sample layer, got "sample-4" as another',
    ],
    [
      'no outputs',
      () => make([flatten(), { ...linear('fc', { out: 1 }), out: 0 }]),
      'a whole number of outputs >= 1 for "fc", got 0',
    ],
    [
      'a kernel larger than the image',
      () => make([avgPool2d({ kernel: 9 })]),
      'an image of at least 9 pixels a side for "avgPool2d-0", got 8 x 8 x 1',
    ],
    [
      'two inputs of a ReLU',
      () => make([relu(), relu({ inputs: ['input', 'relu-0'] })]),
      'one input for "relu-1", got 2',
    ],
    ['a sum of one input', () => make([relu(), add(['relu-0'])]), 'at least two inputs for "add-1", got 1'],
    [
      'a sum of different shapes',
      () => make([maxPool2d({ kernel: 2 }), add(['input', 'maxPool2d-0'])]),
      '8 x 8 x 1 for "add-1", got 4 x 4 x 1',
    ],
  ])('refuses %s', (_case, build, message) => {
    expect(build).toThrow(PwoaFailure)
    expect(build).toThrow(`architecture own: expected ${message}`)
  })

  it('accepts a kernel as large as the padded image', () => {
    expect(make([conv2d('c', { out: 3, kernel: 10, padding: 1 }), ...head]).nodes[0]?.shape).toEqual({
      kind: 'image',
      height: 1,
      width: 1,
      channels: 3,
    })
  })

  it('has the shapes of PyTorch: floor((size + 2·padding − kernel) / stride) + 1', () => {
    const sizes = shortcut.nodes.map(({ id, shape }) => [
      id,
      shape.kind === 'image' ? [shape.height, shape.width, shape.channels] : shape.features,
    ])
    expect(Object.fromEntries(sizes)).toMatchObject({
      stem: [7, 7, 4],
      sum: [7, 7, 4],
      'maxPool2d-7': [3, 3, 4],
      narrow: [3, 3, 5],
      'avgPool2d-9': [2, 2, 5],
      features: 20,
      wide: 20,
      both: 20,
      head: 3,
    })
    expect(shortcut.classes).toBe(3)
  })
})

describe('pooling to cells', () => {
  const image = { height: 6, width: 8, channels: 2 }
  const end = [flatten(), linear('fc', { out: 2 })]

  it('is pooling by windows of equal parts', () => {
    const { nodes } = architecture('cells', image, [
      adaptiveMaxPool2d({ out: [3, 4], id: 'parts' }),
      adaptiveAvgPool2d(),
      ...end,
    ])
    expect(nodes.map(({ layer }) => layer).slice(0, 2)).toEqual([
      { type: 'maxPool2d', kernel: 2, stride: 2, id: 'parts' },
      { type: 'avgPool2d', kernel: [3, 4], stride: [3, 4] },
    ])
    expect(nodes[1]).toMatchObject({ id: 'adaptivePool2d-1', shape: { height: 1, width: 1, channels: 2 } })
  })

  it('may have windows that overlap evenly', () => {
    const windows = (out: readonly [number, number]) =>
      architecture('cells', image, [adaptiveAvgPool2d({ out }), ...end]).nodes[0]?.layer
    // PyTorch's rows 0–1, 1–2 … 4–5 and columns 0–1 … 6–7.
    expect(windows([5, 7])).toEqual({ type: 'avgPool2d', kernel: 2, stride: 1 })
    // Columns 0–2, 2–5, 5–7 are not even.
    expect(() => windows([5, 3])).toThrow('5 x 3 windows of one size')
  })

  it('is refused if the parts are not equal, or there is no image', () => {
    const refused = (layers: Parameters<typeof architecture>[2]) => () => architecture('cells', image, layers)
    expect(refused([adaptiveAvgPool2d({ out: 4 }), ...end])).toThrow(
      'architecture cells: expected an image that 4 x 4 windows of one size cover evenly for "adaptivePool2d-0", got 6 x 8',
    )
    expect(refused([adaptiveAvgPool2d({ out: 12 }), ...end])).toThrow('12 x 12 windows of one size')
    expect(refused([flatten(), adaptiveMaxPool2d(), ...end])).toThrow('got no image')
  })
})

describe('layers that join, select and weigh channels', () => {
  const twice = [conv2d('a', { out: 3, kernel: 1 }), conv2d('b', { out: 2, kernel: 3 })]
  const end = [flatten({ id: 'f' }), linear('fc', { out: 2 })]
  const cases: readonly (readonly [readonly Layer[], string])[] = [
    [[...twice, concat(['a', 'b']), ...end], 'images of 8 x 8 for "concat-2", got 6 x 6 x 2'],
    [[...twice, concat(['a']), ...end], 'at least two inputs for "concat-2", got 1'],
    [
      [...twice, ...end, concat(['f', 'fc'])],
      'vectors that are not flattened images for "concat-4", got a flattened image',
    ],
    [
      [...twice, selectChannels({ channels: [0, 2] }), ...end],
      'channels from 0 to 1, or -1 for zeros for "selectChannels-2", got 2',
    ],
    [
      [...twice, selectChannels({ channels: [1, 1] }), ...end],
      'each channel once for "selectChannels-2", got one of them twice',
    ],
    [[...twice, selectChannels({ channels: [-1] }), ...end], 'at least one channel for "selectChannels-2", got none'],
    [
      [...twice, flatten(), selectChannels({ channels: [0] })],
      'an image, or a vector that is not one for "selectChannels-3"',
    ],
    [
      [...twice, multiply(['a', 'b']), ...end],
      '8 x 8 x 3, or one number for each channel or for each pixel for "multiply-2", got 6 x 6 x 2',
    ],
    [[...twice, { ...scale({ factor: 1 }), factor: Number.NaN }, ...end], 'a finite factor for "scale-2", got NaN'],
  ]
  it.each(cases)('are refused if they do not fit, case %#', (layers, message) => {
    expect(() => make(layers)).toThrow(message)
  })
})

describe('the zoo', () => {
  it('has the tensors of the public state dicts', () => {
    const shapes = (net: typeof mnistNet) =>
      Object.fromEntries(parametersOf(net).map(({ name, torchShape }) => [name, torchShape]))
    expect(shapes(mnistNet)).toEqual({
      '0.weight': [16, 1, 4, 4],
      '0.bias': [16],
      '2.weight': [32, 16, 4, 4],
      '2.bias': [32],
      '5.weight': [100, 1568],
      '5.bias': [100],
      '7.weight': [10, 100],
      '7.bias': [10],
    })
    expect(shapes(lenet5)).toEqual({
      'conv1.weight': [32, 1, 3, 3],
      'conv1.bias': [32],
      'conv2.weight': [64, 32, 3, 3],
      'conv2.bias': [64],
      'linear1.weight': [200, 3136],
      'linear1.bias': [200],
      'linear2.weight': [10, 200],
      'linear2.bias': [10],
    })
  })

  it('counts parameters and operations like a calculation by hand', () => {
    // 16·16 + 16, 32·256 + 32, 100·1568 + 100, 10·100 + 10; 2·(14²·16·16 + 7²·32·256 + 1568·100 + 100·10).
    expect(countsOf(mnistNet)).toEqual({
      parameters: 272 + 8224 + 156_900 + 1010,
      flops: 2 * (50_176 + 401_408 + 156_800 + 1000),
    })
    expect(parameterCount(mnistNet)).toBe(166_406)
    // 32·9 + 32, 64·288 + 64, 200·3136 + 200, 10·200 + 10; 2·(28²·32·9 + 14²·64·288 + 3136·200 + 200·10).
    expect(countsOf(lenet5)).toEqual({
      parameters: 320 + 18_496 + 627_400 + 2010,
      flops: 2 * (225_792 + 3_612_672 + 627_200 + 2000),
    })
    // 32·25 + 32, 64·800 + 64, 1024·3136 + 1024, 10·1024 + 10.
    expect(parameterCount(lenet)).toBe(832 + 51_264 + 3_212_288 + 10_250)
    // Pooling, sums and activations have neither parameters nor FLOPs: 76, 148, 148, 185 and 420, 63.
    expect(parameterCount(shortcut)).toBe(76 + 148 + 148 + 185 + 420 + 63)
  })

  it('places parameters one after another, weights before biases', () => {
    for (const net of [...Object.values(zoo), shortcut, normalised]) {
      let next = 0
      for (const { offset, size, shape, torchShape } of nonEmpty(parametersOf(net))) {
        expect(offset).toBe(next)
        expect(shape.reduce((a, b) => a * b)).toBe(size)
        expect(torchShape.reduce((a, b) => a * b)).toBe(size)
        next += size
      }
      expect(parameterCount(net)).toBe(next)
    }
    expect(weightLayers(shortcut)).toEqual(['stem', 'left', 'right', 'narrow', 'wide', 'head'])
  })

  it('is looked up by name; an architecture of the user is taken unchanged', () => {
    for (const name of nonEmpty(architectureNames)) expect(resolveArchitecture('test', name)).toBe(zoo[name])
    expect(resolveArchitecture('test', shortcut)).toBe(shortcut)
    expect(() => resolveArchitecture('loadTeacher', 'resnet')).toThrow(
      `loadTeacher: expected an architecture among ${architectureNames.join(', ')}, got resnet`,
    )
  })

  it('by name, gets the requested number of classes; an architecture of the user keeps its own', () => {
    for (const name of nonEmpty(architectureNames)) {
      const [ten, hundred] = [zoo[name], resolveArchitecture('test', name, 100)]
      const last = parametersOf(ten).at(-2)
      expect([hundred.name, hundred.classes, hundred.unused]).toEqual([ten.name, 100, ten.unused])
      expect(weightLayers(hundred)).toEqual(weightLayers(ten))
      // Only the last layer is ten times as large; an ensemble has three.
      const layers = name === 'preactEnsemble' ? 3 : 1
      expect(parameterCount(hundred) - parameterCount(ten), name).toBe(layers * 90 * (Number(last?.torchShape[1]) + 1))
    }
    expect(resolveArchitecture('test', shortcut, 100)).toBe(shortcut)
    expect(resolveArchitecture('test', 'mnistNet', 10)).toBe(mnistNet)
    expect(withClasses(shortcut, 7).classes).toBe(7)
    const open = make([...head, relu()])
    expect(() => withClasses(open, 3)).toThrow('architecture own: expected a linear layer at its end, got relu')
  })

  it('counts as many parameters as PyTorch counts in the public code', () => {
    const count = (net: Architecture) => parameterCount(net)
    // sum(p.numel() for p in net.parameters()) of kuangliu's, AWP's, TRADES' (without sub_block1) and HYDRA's code.
    expect(Object.fromEntries(architectureNames.map((name) => [name, count(zoo[name])]))).toMatchObject({
      resnet18: 11_173_962,
      resnet34: 21_282_122,
      resnet50: 23_520_842,
      preactResnet18: 11_172_170,
      wideResnet28x10: 36_479_194,
      wideResnet34x10: 46_160_474,
      dmPreactResnet18: 12_548_426,
      dmWideResnet28x10: 36_479_194,
      vgg16bn: 14_728_266,
      vgg16bnHydra: 15_311_818,
    })
    expect(count(preactResnet18({ last: 'none' }))).toBe(11_171_146)
    expect(count(resnet18({ release: 'torchvision', classes: 1000 }))).toBe(11_689_512)
    expect(count(resnet34({ release: 'torchvision', classes: 1000 }))).toBe(21_797_672)
    expect(count(resnet50({ release: 'torchvision', classes: 1000 }))).toBe(25_557_032)
    // 16·48 + 16, 32·256 + 32, 100·2048 + 100, 10·100 + 10.
    expect(count(cifarNet)).toBe(784 + 8224 + 204_900 + 1010)
  })
})

describe('hidden layers', () => {
  it('have the name of their ReLU’s id, or of the layer that it reads', () => {
    expect(hiddenLayers(lenet)).toEqual(['conv1', 'conv2', 'fc1'])
    expect(hiddenLayers(mnistNet)).toEqual(['0', '2', '5'])
    const [first, ...blocks] = hiddenLayers(resnet18())
    expect([first, ...blocks.slice(0, 2), blocks.at(-1)]).toEqual(['stem', 'layer1.0.bn1', 'layer1.0', 'layer4.1'])
  })

  it('keep their names in a network made of another one’s layers', () => {
    const hundred = withClasses(resnet18(), 100)
    expect(hiddenLayers(hundred)).toEqual(hiddenLayers(resnet18()))
    expect(hiddenLayers(withNormalisation(mnistNet, { mean: [0.5], std: [0.5] }))).toEqual(['0', '2', '5'])
  })

  it.each(architectureNames)('of %s have distinct names, one per hidden activation', (name) => {
    const names = hiddenLayers(zoo[name])
    expect(new Set(names).size).toBe(executionOf(zoo[name]).filter(({ hidden }) => hidden).length)
  })
})

describe('execution', () => {
  it('fuses a ReLU with the layer before it if that has no other reader', () => {
    expect(
      executionOf(mnistNet).map(({ node, activation, hidden, result }) => [node.id, activation, hidden, result]),
    ).toEqual([
      ['0', 'relu', true, 'relu-1'],
      ['2', 'relu', true, 'relu-3'],
      ['flatten-4', 'linear', false, 'flatten-4'],
      ['5', 'relu', true, 'relu-6'],
      ['7', 'linear', false, '7'],
    ])
  })

  it('runs a ReLU after a sum or pooling by itself', () => {
    expect(executionOf(shortcut).map(({ node, activation, hidden }) => [node.id, activation, hidden])).toEqual([
      ['stem', 'relu', true],
      ['left', 'relu', true],
      ['right', 'linear', false],
      ['sum', 'linear', false],
      ['relu-6', 'linear', true],
      ['maxPool2d-7', 'linear', false],
      ['narrow', 'linear', false],
      ['avgPool2d-9', 'linear', false],
      ['features', 'linear', false],
      ['wide', 'relu', true],
      ['both', 'linear', false],
      ['head', 'linear', false],
    ])
  })

  it('keeps the results before and after a ReLU if both have readers', () => {
    const net = make([
      flatten(),
      linear('fc', { out: 4 }),
      relu({ id: 'positive' }),
      add(['fc', 'positive']),
      linear('head', { out: 2 }),
    ])
    expect(executionOf(net).map(({ node, activation, hidden }) => [node.id, activation, hidden])).toEqual([
      ['flatten-0', 'linear', false],
      ['fc', 'linear', false],
      ['positive', 'linear', true],
      ['add-3', 'linear', false],
      ['head', 'linear', false],
    ])
  })
})

describe('batch normalisation', () => {
  it('has a scale and a shift with the names of a state dict, and no prunable weights', () => {
    const roles = parametersOf(normalised).map(({ name, role, torchShape }) => [name, role, torchShape])
    expect(roles).toEqual([
      ['conv1.weight', 'weight', [4, 2, 3, 3]],
      ['bn1.weight', 'scale', [4]],
      ['bn1.bias', 'shift', [4]],
      ['conv2.weight', 'weight', [4, 4, 3, 3]],
      ['conv2.bias', 'bias', [4]],
      ['bn2.weight', 'scale', [4]],
      ['bn2.bias', 'shift', [4]],
      ['shared.weight', 'weight', [3, 4, 1, 1]],
      ['bn3.weight', 'scale', [3]],
      ['bn3.bias', 'shift', [3]],
      ['bn4.weight', 'scale', [3]],
      ['bn4.bias', 'shift', [3]],
      ['head.weight', 'weight', [3, 3]],
      ['head.bias', 'bias', [3]],
    ])
    expect(weightLayers(normalised)).toEqual(['conv1', 'conv2', 'shared', 'head'])
    expect(parameterCount(normalised)).toBe(72 + 8 + 144 + 4 + 8 + 12 + 6 + 6 + 9 + 3)
  })

  it('has its statistics in a separate vector, initially mean 0 and variance 1', () => {
    expect(statisticsOf(normalised).map(({ torchAxes: _, ...rest }) => rest)).toEqual([
      { name: 'bn1.running_mean', node: 'bn1', role: 'mean', size: 4, offset: 0 },
      { name: 'bn1.running_var', node: 'bn1', role: 'variance', size: 4, offset: 4 },
      { name: 'bn2.running_mean', node: 'bn2', role: 'mean', size: 4, offset: 8 },
      { name: 'bn2.running_var', node: 'bn2', role: 'variance', size: 4, offset: 12 },
      { name: 'bn3.running_mean', node: 'bn3', role: 'mean', size: 3, offset: 16 },
      { name: 'bn3.running_var', node: 'bn3', role: 'variance', size: 3, offset: 19 },
      { name: 'bn4.running_mean', node: 'bn4', role: 'mean', size: 3, offset: 22 },
      { name: 'bn4.running_var', node: 'bn4', role: 'variance', size: 3, offset: 25 },
    ])
    expect([...freshStatistics(normalised)]).toEqual(
      [4, 4, 3, 3].flatMap((size) => [...Array(size).fill(0), ...Array(size).fill(1)]),
    )
    expect([statisticsCount(shortcut), freshStatistics(shortcut).length]).toEqual([0, 0])
  })

  it('is fused with its ReLU in training', () => {
    expect(executionOf(normalised).map(({ node, activation, hidden }) => [node.id, activation, hidden])).toEqual([
      ['conv1', 'linear', false],
      ['bn1', 'relu', true],
      ['conv2', 'linear', false],
      ['bn2', 'linear', false],
      ['sum', 'linear', false],
      ['relu-6', 'linear', true],
      ['shared', 'linear', false],
      ['bn3', 'relu', true],
      ['add-10', 'linear', false],
      ['maxPool2d-11', 'linear', false],
      ['bn4', 'relu', true],
      ['flatten-14', 'linear', false],
      ['head', 'linear', false],
    ])
  })

  it('becomes, in use, part of a convolution that only it reads, otherwise a scale and a shift', () => {
    const { architecture: inUse, folds } = foldingOf(normalised)
    expect(folds).toEqual([
      { batchNorm: 'bn1', weighted: 'conv1' },
      { batchNorm: 'bn2', weighted: 'conv2' },
      { batchNorm: 'bn3', weighted: undefined },
      { batchNorm: 'bn4', weighted: undefined },
    ])
    expect(
      executionOf(inUse).map(({ node, activation, hidden }) => [node.layer.type, node.id, activation, hidden]),
    ).toEqual([
      ['conv2d', 'bn1', 'relu', true],
      ['conv2d', 'bn2', 'linear', false],
      ['add', 'sum', 'linear', false],
      ['relu', 'relu-6', 'linear', true],
      ['conv2d', 'shared', 'linear', false],
      ['affine2d', 'bn3', 'relu', true],
      ['add', 'add-10', 'linear', false],
      ['maxPool2d', 'maxPool2d-11', 'linear', false],
      ['affine2d', 'bn4', 'relu', true],
      ['flatten', 'flatten-14', 'linear', false],
      ['linear', 'head', 'linear', false],
    ])
    expect(parametersOf(inUse).map(({ name }) => name)).toContain('conv1.bias')
    expect(foldingOf(shortcut)).toEqual({ architecture: shortcut, folds: [] })
  })
})

/** The number of kernels of each type. */
const kinds = (net: Architecture): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { node } of executionOf(net)) counts[node.layer.type] = (counts[node.layer.type] ?? 0) + 1
  return counts
}

/** Ids of the hidden activations. */
const hiddenOf = (net: Architecture): readonly string[] =>
  executionOf(net).flatMap(({ hidden, result }) => (hidden ? [result] : []))

describe('resnet18', () => {
  it('has 11,173,962 parameters, 9,600 statistics and 0.56 billion multiply-accumulates', () => {
    // Each output pixel of a convolution, k·k·in times out: stem; stage 1; three stages with half the pixels each way.
    const stem = 32 ** 2 * 27 * 64
    const first = 4 * 32 ** 2 * 9 * 64 * 64
    const later = [128, 256, 512].map((out, i) => {
      const pixels = (16 / 2 ** i) ** 2
      return pixels * out * (9 * (out / 2) + 3 * 9 * out + out / 2)
    })
    const sum = [stem, first, ...later, 5120].reduce((a, b) => a + b)
    expect(countsOf(resnet18())).toEqual({ parameters: 11_173_962, flops: 2 * sum })
    expect(Math.round(sum / 1e7)).toBe(56)
    expect(statisticsCount(resnet18())).toBe(9_600)
    expect(zoo.resnet18.name).toBe('resnet18')
  })

  it('has, in use, only convolutions, sums and ReLUs; 17 hidden activations as in training', () => {
    expect(kinds(resnet18())).toEqual({
      conv2d: 20,
      batchNorm2d: 20,
      add: 8,
      relu: 8,
      avgPool2d: 1,
      flatten: 1,
      linear: 1,
    })
    const { architecture: inUse } = foldingOf(resnet18())
    expect(kinds(inUse)).toEqual({ conv2d: 20, add: 8, relu: 8, avgPool2d: 1, flatten: 1, linear: 1 })
    expect(hiddenOf(inUse)).toHaveLength(17)
    expect(hiddenOf(inUse)).toEqual(hiddenOf(resnet18()))
  })

  it('has prunable weights in its 20 convolutions, shortcuts included, and its linear layer', () => {
    expect(weightLayers(resnet18())).toHaveLength(21)
    expect(weightLayers(resnet18()).filter((name) => name.includes('shortcut'))).toEqual(
      [2, 3, 4].map((stage) => `layer${stage}.0.shortcut.0`),
    )
  })

  it('accepts a number of classes and a width, which becomes part of its name', () => {
    const narrow = resnet18({ classes: 3, width: 8 })
    expect([narrow.name, narrow.classes]).toEqual(['resnet18 of width 8', 3])
    expect(parametersOf(narrow).find(({ name }) => name === 'linear.weight')?.torchShape).toEqual([3, 64])
    expect(() => resnet18({ classes: 0 })).toThrow('resnet18: expected classes to be a whole number >= 1, got 0')
    expect(() => resnet18({ width: 1.5 })).toThrow('resnet18: expected width to be a whole number >= 1, got 1.5')
  })
})

describe('the other networks for CIFAR', () => {
  it.each([
    ['resnet50, after the stem and three times in each of 16 blocks', resnet50(), 1 + 3 * 16],
    ['preactResnet18, twice in each of 8 blocks and at the end', preactResnet18(), 2 * 8 + 1],
    ['preactResnet18 without a last batch normalisation', preactResnet18({ last: 'none' }), 2 * 8],
    ['wideResnet34x10, twice in each of 15 blocks and at the end', wideResnet(), 2 * 15 + 1],
    ['vgg16bn, after each convolution', vgg16bn(), 13],
    ['vgg16bn of HYDRA, in its head too', vgg16bn({ release: 'hydra' }), 13 + 2],
    ['cifarNet, but not after its normalisation', cifarNet, 3],
  ] as const)('hidden activations of %s, in training and in use', (_, net, count) => {
    expect(hiddenOf(net)).toHaveLength(count)
    expect(hiddenOf(foldingOf(net).architecture)).toEqual(hiddenOf(net))
  })

  it('a pre-activation becomes, in use, a scale and a shift after a sum, else part of a convolution', () => {
    const { architecture: inUse } = foldingOf(preactResnet18())
    // 8 blocks and the end: the first of each block, and the last, read a sum or a convolution with other readers.
    expect(kinds(inUse)).toEqual({ conv2d: 20, affine2d: 9, add: 8, avgPool2d: 1, flatten: 1, linear: 1 })
    expect(executionOf(inUse).filter(({ node }) => node.layer.type === 'affine2d')).toSatisfy((kernels: unknown[]) =>
      (kernels as ReturnType<typeof executionOf>).every(({ activation }) => activation === 'relu'),
    )
  })

  it('a wide network ignores the tensors that TRADES’ code does not use', () => {
    expect(wideResnet().unused).toEqual(['sub_block1.'])
    expect(weightLayers(wideResnet({ depth: 10, factor: 1 }))).toEqual([
      'conv1',
      'block1.layer.0.conv1',
      'block1.layer.0.conv2',
      ...[2, 3].flatMap((i) => ['conv1', 'conv2', 'convShortcut'].map((layer) => `block${i}.layer.0.${layer}`)),
      'fc',
    ])
  })

  it('the shortcut of preactResnet18 reads the layer that its option names', () => {
    const reads = (shortcut: 'activated' | 'input') =>
      preactResnet18({ shortcut }).nodes.find(({ id }) => id === 'layer2.0.shortcut.0')?.inputs
    expect([reads('activated'), reads('input')]).toEqual([['layer2.0.relu1'], ['layer1.1']])
  })

  it('a width is part of the name, and an invalid option is refused', () => {
    const names = [
      resnet50({ width: 8 }),
      preactResnet18({ width: 8 }),
      wideResnet({ depth: 28, factor: 4 }),
      wideResnet({ width: 4 }),
      vgg16bn({ width: 8, release: 'hydra' }),
    ].map(({ name }) => name)
    expect(names).toEqual([
      'resnet50 of width 8',
      'preactResnet18 of width 8',
      'wideResnet28x4',
      'wideResnet34x10 of width 4',
      'vgg16bn of HYDRA of width 8',
    ])
    for (const make of [resnet50, preactResnet18, wideResnet, vgg16bn])
      for (const options of [{ classes: 0 }, { width: 1.5 }]) expect(() => make(options)).toThrow(/>= 1, got (0|1.5)$/)
    for (const depth of [4, 28.5])
      expect(() => wideResnet({ depth })).toThrow(`wideResnet: expected depth to be a whole number >= 10, got ${depth}`)
    for (const depth of [29, 35])
      expect(() => wideResnet({ depth })).toThrow(
        `wideResnet: expected a depth of 4 more than a multiple of 6, got ${depth}`,
      )
    expect(() => wideResnet({ factor: 0 })).toThrow('wideResnet: expected factor to be a whole number >= 1, got 0')
    const other = (options: object): object => options
    expect(() => preactResnet18(other({ shortcut: 'none', last: 'none' }))).toThrow(
      'shortcut among activated, input, got "none"',
    )
    expect(() => preactResnet18(other({ shortcut: 'input', last: 'relu' }))).toThrow(
      'last among batchNorm, none, got "relu"',
    )
    expect(() => vgg16bn(other({ release: 'torch' }))).toThrow(
      'release among pytorch-cifar, hydra, pwoa, torchvision, got "torch"',
    )
  })
})

describe('a normalisation of images', () => {
  const cifar = { mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] }

  it('is added in front of an otherwise unchanged network', () => {
    const [plain, net] = [wideResnet({ depth: 10, factor: 1 }), wideResnet({ depth: 10, factor: 1 })]
    const normalising = withNormalisation(net, cifar)
    expect(normalisationOf(plain)).toBeUndefined()
    expect(normalisationOf(normalising)).toEqual(cifar)
    expect(normalising.nodes[0]).toMatchObject({ id: 'normalize', inputs: ['input'] })
    expect(normalising.nodes[1]).toMatchObject({ id: 'conv1', inputs: ['normalize'] })
    const placed = ({ nodes }: Architecture) => nodes.map(({ id, inputs, shape }) => ({ id, inputs, shape }))
    expect(placed(normalising).slice(2)).toEqual(placed(plain).slice(1))
    expect([normalising.name, normalising.unused]).toEqual([plain.name, plain.unused])
    expect(parametersOf(normalising)).toEqual(parametersOf(plain))
    expect(countsOf(normalising)).toEqual(countsOf(plain))
    expect(normalisationOf(withClasses(normalising, 100))).toEqual(cifar)
  })

  it('stays a separate layer in use', () => {
    const net = withNormalisation(resnet18({ width: 4 }), cifar)
    expect(
      foldingOf(net)
        .architecture.nodes.slice(0, 2)
        .map(({ layer }) => layer.type),
    ).toEqual(['normalize', 'conv2d'])
  })

  it("takes the place of the network's own, and none removes it", () => {
    const own = normalisationOf(cifarNet)
    const net = withNormalisation(cifarNet, 'cifar10')
    expect(normalisationOf(net)).toEqual(cifar)
    expect(net.nodes.map(({ id, inputs }) => [id, inputs])).toEqual(
      cifarNet.nodes.map(({ id, inputs }) => [id, inputs]),
    )
    expect(normalisationOf(withNormalisation(net, own ?? 'none'))).toEqual(own)
    const plain = withNormalisation(net, 'none')
    expect(plain.nodes[0]).toMatchObject({ id: '0', inputs: ['input'] })
    expect(normalisationOf(plain)).toBeUndefined()
    expect(normalisationOf(withNormalisation(plain, 'imagenet'))?.mean).toEqual([0.485, 0.456, 0.406])
    expect(withNormalisation(plain, 'none')).toBe(plain)
  })

  it('is refused for another number of channels', () => {
    expect(() => withNormalisation(mnistNet, cifar)).toThrow('a mean for each of 1 channels')
  })
})
