import { rejectOption } from '../../dsl/errors.js'
import { either, made } from '../../dsl/options/kinds.js'
import { guarded, type Option } from '../../dsl/options/option.js'
import { type Architecture, architecture, withClasses } from '../architecture/architecture.js'
import { conv2d, flatten, linear, maxPool2d, normalize, relu } from '../layers/layers.js'
import { cifarImages } from './common/cifar.js'
import { densenet121 } from './densenet.js'
import { dmPreactResnet, dmPreactResnet18, dmPreactResnet34 } from './dmPreactResnet.js'
import { dmWideResnet } from './dmWideResnet.js'
import { preactEnsemble, preactResnet50 } from './ensembles.js'
import { mobilenetV2 } from './mobilenetV2.js'
import { convnext } from './patches/convnext.js'
import { vit } from './patches/vit.js'
import { xcit } from './patches/xcit.js'
import { preactResnet18 } from './preactResnet.js'
import { raWideResnet } from './raWideResnet.js'
import { raWideResnet101x2 } from './raWideResnet101x2.js'
import { resnest152 } from './resnest.js'
import { resnet18, resnet34, resnet50, wideResnet50x2 } from './resnet.js'
import { robustWideResnet } from './robustWideResnet.js'
import { coltMnist, ovalBase, ovalDeep, resnet2b, resnet2bMnbab, smallCnn } from './smallNetworks.js'
import { vgg11bn, vgg16bn } from './vgg.js'
import { wideResnet } from './wideResnet.js'

const grey28 = { height: 28, width: 28, channels: 1 }

/** The layers of both small networks of convex adversarial polytopes (Wong, Kolter, ICML 2018). */
const polytopesNet = [
  conv2d('0', { out: 16, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  conv2d('2', { out: 32, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('5', { out: 100 }),
  relu(),
  linear('7', { out: 10 }),
]

/** The MNIST network of fast adversarial training and of convex adversarial polytopes (a `torch.nn.Sequential`). */
export const mnistNet: Architecture = architecture('mnistNet', grey28, polytopesNet)

/** LeNet-5 with advertorch's names. */
export const lenet5: Architecture = architecture('lenet5', grey28, [
  conv2d('conv1', { out: 32, kernel: 3, padding: 1 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('conv2', { out: 64, kernel: 3, padding: 1 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear('linear1', { out: 200 }),
  relu(),
  linear('linear2', { out: 10 }),
])

/** LeNet as HBaR and PwoA train it on MNIST: two 5×5 convolutions with pooling, then linear layers of 1024 and 10. */
export const lenet: Architecture = architecture('lenet', grey28, [
  conv2d('conv1', { out: 32, kernel: 5, padding: 2 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('conv2', { out: 64, kernel: 5, padding: 2 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear('fc1', { out: 1024 }),
  relu(),
  linear('fc2', { out: 10 }),
])

/**
 * The small CIFAR-10 network of convex adversarial polytopes (a `torch.nn.Sequential`). Its training code normalises
 * the images by these numbers; here the normalisation is part of the network.
 */
export const cifarNet: Architecture = architecture('cifarNet', cifarImages, [
  normalize({ mean: [0.485, 0.456, 0.406], std: [0.225, 0.225, 0.225] }),
  ...polytopesNet,
])

const wideResnet34x10 = wideResnet()
const dmWideResnet28x10 = dmWideResnet()

/**
 * The architectures that can be given by name, each with 10 classes. A stage without a file adapts the classes to those of
 * the data; one with a file reads all sizes off it that the name does not state.
 */
export const zoo = {
  mnistNet,
  lenet5,
  lenet,
  cifarNet,
  smallCnn,
  ovalBase,
  ovalDeep,
  coltMnist,
  resnet2b,
  resnet2bMnbab,
  resnet18: resnet18(),
  resnet34: resnet34(),
  resnet50: resnet50(),
  wideResnet50x2: wideResnet50x2(),
  preactResnet18: preactResnet18(),
  wideResnet: wideResnet34x10,
  wideResnet28x10: wideResnet({ depth: 28 }),
  wideResnet34x10,
  robustWideResnet: robustWideResnet(),
  dmPreactResnet18: dmPreactResnet18(),
  dmPreactResnet34: dmPreactResnet34(),
  dmPreactResnet: dmPreactResnet(),
  dmWideResnet: dmWideResnet28x10,
  dmWideResnet28x10,
  raWideResnet: raWideResnet(),
  raWideResnet101x2: raWideResnet101x2({ classes: 10 }),
  vgg11bn: vgg11bn(),
  vgg16bn: vgg16bn(),
  vgg16bnHydra: vgg16bn({ release: 'hydra' }),
  vgg16bnPwoa: vgg16bn({ release: 'pwoa' }),
  mobilenetV2: mobilenetV2({ classes: 10 }),
  densenet121: densenet121({ classes: 10 }),
  convnext: convnext({ classes: 10 }),
  xcit: xcit({ classes: 10 }),
  vit: vit({ classes: 10 }),
  resnest152: resnest152(),
  preactResnet50: preactResnet50(),
  preactEnsemble: preactEnsemble(),
} as const satisfies Readonly<Record<string, Architecture>>

/** A name of {@link zoo}. */
export type ZooName = keyof typeof zoo

/** The names of the architectures in {@link zoo}. */
export const architectureNames = Object.keys(zoo) as readonly ZooName[]

/** A name of the zoo, which an editor completes. Any text compiles, so that a name may be computed; a run checks it. */
export type ArchitectureName = ZooName | (string & Record<never, never>)

/** An option: a network, by its name in the zoo or as its description. */
export const architectureOption = (): Option<ArchitectureName | Architecture> => {
  const named = guarded<ArchitectureName>(
    { expected: (name) => `${name} among ${architectureNames.join(', ')}`, choices: architectureNames },
    (value): value is ArchitectureName => typeof value === 'string' && architectureNames.some((name) => name === value),
  )
  const described = made<Architecture>(
    'a name of the zoo, or a network made with architecture(…)',
    (value) => 'nodes' in value,
  )
  return either('a name of the zoo, or a network', [named, described], (value) =>
    typeof value === 'string' ? named : described,
  )
}

/**
 * An architecture by its name in the zoo, or the one given.
 *
 * @param classes number of classes in the data, which an architecture given by name gets. @default 10
 * @throws OptionError for an unknown name
 */
export const resolveArchitecture = (stage: string, given: string | Architecture, classes = 10): Architecture =>
  typeof given === 'string' ? withClasses(zoo[zooName(stage, given)], classes) : given

/** A text as a name of the zoo. @throws OptionError for an unknown one */
export const zooName = (stage: string, given: string): ZooName =>
  architectureNames.find((name) => name === given) ??
  rejectOption(stage, `an architecture among ${architectureNames.join(', ')}`, given)
