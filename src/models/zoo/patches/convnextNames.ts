/** A convolution and a normalisation beside it. */
interface Pair {
  readonly conv: string
  readonly norm: string
}

/** Names of a release's tensors; `parts` are those within a block. */
export interface ConvnextNames {
  readonly stem: Pair
  /** The prefix of a stem of convolutions. @default the release has none */
  readonly convolutions?: string
  readonly block: (stage: number, index: number) => string
  readonly parts: {
    readonly depthwise: string
    readonly norm: string
    readonly wide: string
    readonly narrow: string
    readonly scale: string
    /** The shape of the scale's tensor. */
    readonly shape: 'channels' | 'image'
  }
  /** What halves the image before a stage. */
  readonly halving: (stage: number) => Pair
  readonly norm: string
  readonly head: string
}

/** The names in each release. */
export const convnextReleases: Readonly<Record<'torchvision' | 'timm' | 'facebook', ConvnextNames>> = {
  torchvision: {
    stem: { conv: 'features.0.0', norm: 'features.0.1' },
    block: (stage, index) => `features.${2 * stage + 1}.${index}`,
    parts: {
      depthwise: 'block.0',
      norm: 'block.2',
      wide: 'block.3',
      narrow: 'block.5',
      scale: 'layer_scale',
      shape: 'image',
    },
    halving: (stage) => ({ norm: `features.${2 * stage}.0`, conv: `features.${2 * stage}.1` }),
    norm: 'classifier.0',
    head: 'classifier.2',
  },
  timm: {
    stem: { conv: 'stem.0', norm: 'stem.1' },
    convolutions: 'stem.stem',
    block: (stage, index) => `stages.${stage}.blocks.${index}`,
    parts: {
      depthwise: 'conv_dw',
      norm: 'norm',
      wide: 'mlp.fc1',
      narrow: 'mlp.fc2',
      scale: 'gamma',
      shape: 'channels',
    },
    halving: (stage) => ({ norm: `stages.${stage}.downsample.0`, conv: `stages.${stage}.downsample.1` }),
    norm: 'head.norm',
    head: 'head.fc',
  },
  facebook: {
    stem: { conv: 'downsample_layers.0.0', norm: 'downsample_layers.0.1' },
    block: (stage, index) => `stages.${stage}.${index}`,
    parts: {
      depthwise: 'dwconv',
      norm: 'norm',
      wide: 'pwconv1',
      narrow: 'pwconv2',
      scale: 'gamma',
      shape: 'channels',
    },
    halving: (stage) => ({ norm: `downsample_layers.${stage}.0`, conv: `downsample_layers.${stage}.1` }),
    norm: 'norm',
    head: 'head',
  },
}
