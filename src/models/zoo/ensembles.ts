import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture, INPUT, layersOf } from '../architecture/architecture.js'
import { scale, softmax } from '../layers/channelLayers.js'
import type { Layer } from '../layers/layer.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, linear, relu } from '../layers/layers.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'

/** What {@link ensemble} takes besides its networks. */
export const ensembleOptions = declareOptions('ensemble', {
  /** Of what the mean is: of probabilities, the softmax of each network's logits, or of logits. @default 'probabilities' */
  mean: choice(['probabilities', 'logits']).default('probabilities'),
})

/** Options of {@link ensemble}. */
export interface EnsembleOptions extends OptionsOf<typeof ensembleOptions> {}

/**
 * Several networks for the same images as one, whose output is the mean of theirs. The tensors of network i have the prefix
 * `models.<i>.`, as in a `torch.nn.ModuleList` of that name. A mean of probabilities stands in place of logits: losses and
 * attacks take it as such, as RobustBench does.
 *
 * @example
 * const three = ensemble([resnet18(), resnet18(), resnet18()], { mean: 'logits' })
 * @throws OptionError for fewer than two networks, or for other images or classes than those of the first
 */
export const ensemble = (networks: readonly Architecture[], options: EnsembleOptions = {}): Architecture => {
  const { mean } = ensembleOptions.read(options)
  const [first] = networks
  if (!first || networks.length < 2) return rejectOption('ensemble', 'at least two networks', networks.length)
  const sizes = ({ input, classes }: Architecture): string =>
    `${input.height} x ${input.width} x ${input.channels}, ${classes} classes`
  for (const other of networks)
    if (sizes(other) !== sizes(first)) rejectOption('ensemble', `networks for ${sizes(first)}`, sizes(other))
  if (networks.some(({ nodes }) => nodes.some(({ layer }) => layer.type === 'normalize')))
    rejectOption('ensemble', 'networks without a normalisation: the ensemble has one', 'a network with one')
  const outputs = networks.map(({ nodes }, i) => `models.${i}.${nodes.at(-1)?.id}`)
  const ends = outputs.map((id, i) => (mean === 'logits' ? id : `models.${i}.shares`))
  return architecture(`ensemble of ${networks.length}: ${first.name}`, first.input, [
    ...networks.flatMap((network, i) => prefixed(network, `models.${i}.`)),
    ...(mean === 'logits' ? [] : outputs.map((id, i) => softmax({ id: ends[i] ?? id, inputs: [id] }))),
    add(ends),
    scale({ factor: 1 / networks.length }),
  ])
}

/** The layers of a network with longer names. */
const prefixed = (network: Architecture, prefix: string): readonly Layer[] =>
  layersOf(network).map((layer): Layer => {
    const inputs = (layer.inputs ?? []).map((id) => (id === INPUT ? id : `${prefix}${id}`))
    const placed = { ...layer, id: `${prefix}${layer.id}`, inputs }
    return 'name' in placed ? { ...placed, name: `${prefix}${placed.name}` } : placed
  })

/** What {@link preactEnsemble} takes. */
export const preactEnsembleOptions = declareOptions('preactEnsemble', {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
})

/** Options of {@link preactEnsemble}. */
export interface PreactEnsembleOptions extends OptionsOf<typeof preactEnsembleOptions> {}

/**
 * The mean of the probabilities of three pre-activation ResNet-50 for 32 × 32 colour images: RobustBench's
 * Chen2020Adversarial, saved as one state dict. Its three files are one network each: {@link preactResnet50}.
 *
 * Source: Chen et al., "Adversarial Robustness: From Self-Supervised Pre-Training to Fine-Tuning", CVPR 2020.
 */
export const preactEnsemble = (options: PreactEnsembleOptions = {}): Architecture => {
  const read = preactEnsembleOptions.read(options)
  const joined = ensemble([0, 1, 2].map(() => preactResnet50(read)))
  return architecture(namedByWidth('preactEnsemble', read.width, 64), joined.input, layersOf(joined), {
    unused: ['branch1.', 'branch2.', 'branch3.'],
  })
}

/** What {@link preactResnet50} takes. */
export const preactResnet50Options = declareOptions('preactResnet50', preactEnsembleOptions.fields)

/**
 * A ResNet-50 of pre-activation bottlenecks for 32 × 32 colour images, one branch of RobustBench's Chen2020Adversarial: after
 * the first convolution and the first stage's, batch normalisation and ReLU come before each convolution, and none after the
 * last one. A shortcut with a convolution has batch normalisation after it.
 *
 * Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
 */
export const preactResnet50 = (options: PreactEnsembleOptions = {}): Architecture => {
  const { classes, width } = preactResnet50Options.read(options)
  let from: Source = { id: 'stem', channels: width }
  const body: Layer[] = []
  for (const [stage, count] of [3, 4, 6, 3].entries())
    for (let i = 0; i < count; i++) {
      const id = `layer${stage + 1}.${i}`
      const channels = width * 2 ** stage
      body.push(...bottleneck(id, from, channels, stage > 0 && i === 0 ? 2 : 1))
      from = { id, channels: 4 * channels }
    }
  return architecture(namedByWidth('preactResnet50', width, 64), cifarImages, [
    conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d('bn1'),
    relu({ id: 'stem' }),
    ...body,
    avgPool2d({ kernel: 4 }),
    flatten(),
    linear('linear', { out: classes }),
  ])
}

/** conv3(f(bn2(conv2(f(bn1(conv1(a))))))) + shortcut with a = f(bn0(x)). The shortcut is x, or a convolution of a. */
const bottleneck = (name: string, from: Source, channels: number, stride: number): readonly Layer[] => {
  const out = 4 * channels
  const changes = stride !== 1 || from.channels !== out
  return [
    batchNorm2d(`${name}.bn0`, { inputs: [from.id] }),
    relu({ id: `${name}.pre` }),
    conv2d(`${name}.conv1`, { out: channels, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out: channels, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    relu(),
    conv2d(`${name}.conv3`, { out, kernel: 1, bias: 'none' }),
    ...(changes
      ? [
          conv2d(`${name}.shortcut.0`, { inputs: [`${name}.pre`], out, kernel: 1, stride, bias: 'none' }),
          batchNorm2d(`${name}.shortcut.1`),
        ]
      : []),
    add([`${name}.conv3`, changes ? `${name}.shortcut.1` : from.id], { id: name }),
  ]
}

/** The options of such a network that a file's tensors show. @param outputs those of the file's layers */
export const preactResnet50Shown = (outputs: OutputsOf): PreactEnsembleOptions =>
  given({ classes: outputs('linear'), width: outputs('conv1') })

/** The same of the ensemble. @param outputs those of the file's layers */
export const preactEnsembleShown = (outputs: OutputsOf): PreactEnsembleOptions =>
  given({ classes: outputs('models.0.linear'), width: outputs('models.0.conv1') })
