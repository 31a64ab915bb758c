import { isRight } from 'fp-ts/lib/Either.js'
import { given } from '../../dsl/kit/given.js'
import { type Architecture, withClasses } from '../architecture/architecture.js'
import { readNetwork } from '../parameters/readNetwork.js'
import type { NamedTensors } from '../parameters/weights.js'
import { dmPreactResnet18, dmPreactResnet18Options, dmPreactResnetShown } from './dmPreactResnet.js'
import { dmWideResnet, dmWideResnetOptions, dmWideResnetShown } from './dmWideResnet.js'
import { lastOf, type OutputsOf, outputsIn } from './outputs.js'
import { preactResnet18, preactResnet18Options, preactResnetShown } from './preactResnet.js'
import {
  type ResnetOptions,
  resnet18,
  resnet18Options,
  resnet34,
  resnet34Options,
  resnet50,
  resnet50Options,
  resnetShown,
} from './resnet.js'
import { vgg16bn, vgg16bnOptions, vggShown } from './vgg.js'
import { wideResnet, wideResnetOptions, wideResnetShown } from './wideResnet.js'
import { architectureNames, cifarNet, lenet, lenet5, mnistNet, type ZooName, zooName } from './zoo.js'

/** A network with the sizes that a file shows. */
export interface SizedNetwork {
  readonly architecture: Architecture
  /** The options of its family that the file shows. */
  readonly options: Readonly<Record<string, unknown>>
  /** The options of its family that the file does not show; they have their defaults. */
  readonly assumed: readonly string[]
}

/** What is known of the data; a file without a last layer gets their classes. */
export interface DataSizes {
  /** Number of classes. */
  readonly classes: number
  /** Side of the images, in pixels. */
  readonly side: number
}

/** Networks of one design: the sizes of one of them are read off a file. */
type Family = (tensors: NamedTensors, data: DataSizes | undefined) => SizedNetwork

/** How a family is declared. */
interface Declared<O> {
  readonly make: (options: O) => Architecture
  readonly declaration: { readonly fields: object }
  /** The options that a file shows. */
  readonly shown: (outputs: OutputsOf, data: DataSizes | undefined) => O
}

/** @param named the options that the name of the network states: the file has no say in them */
const family =
  <O extends { readonly classes?: number | undefined }>({ make, declaration, shown }: Declared<O>, named: O): Family =>
  (tensors, data) => {
    const options = { ...shown(outputsIn(tensors, make(named)), data), ...named }
    const assumed = Object.keys(declaration.fields).filter((name) => !Object.hasOwn(options, name))
    return { architecture: make({ ...given({ classes: data?.classes }), ...options }), options, assumed }
  }

/** A network of one size: only its classes are read off. */
const single =
  (network: Architecture): Family =>
  (tensors, data) => {
    const classes = outputsIn(tensors, network)(lastOf(network))
    const architecture = withClasses(network, classes ?? data?.classes ?? network.classes)
    return { architecture, options: given({ classes }), assumed: [] }
  }

const resnetsShown = (outputs: OutputsOf, data: DataSizes | undefined): ResnetOptions => {
  const shown = resnetShown(outputs)
  return shown.release === 'torchvision' ? { ...shown, ...given({ size: data?.side }) } : shown
}

const wide = { make: wideResnet, declaration: wideResnetOptions, shown: wideResnetShown }
const dmWide = { make: dmWideResnet, declaration: dmWideResnetOptions, shown: dmWideResnetShown }
const dmPreact = { make: dmPreactResnet18, declaration: dmPreactResnet18Options, shown: dmPreactResnetShown }
const preact = { make: preactResnet18, declaration: preactResnet18Options, shown: preactResnetShown }
const vgg = { make: vgg16bn, declaration: vgg16bnOptions, shown: vggShown }

/** How each network of the zoo gets its sizes. */
const families: Readonly<Record<ZooName, Family>> = {
  mnistNet: single(mnistNet),
  lenet5: single(lenet5),
  lenet: single(lenet),
  cifarNet: single(cifarNet),
  resnet18: family({ make: resnet18, declaration: resnet18Options, shown: resnetsShown }, {}),
  resnet34: family({ make: resnet34, declaration: resnet34Options, shown: resnetsShown }, {}),
  resnet50: family({ make: resnet50, declaration: resnet50Options, shown: resnetsShown }, {}),
  preactResnet18: family(preact, {}),
  wideResnet: family(wide, {}),
  wideResnet28x10: family(wide, { depth: 28, factor: 10 }),
  wideResnet34x10: family(wide, { depth: 34, factor: 10 }),
  dmPreactResnet18: family(dmPreact, {}),
  dmWideResnet: family(dmWide, {}),
  dmWideResnet28x10: family(dmWide, { depth: 28, factor: 10 }),
  vgg16bn: family(vgg, { release: 'pytorch-cifar' }),
  vgg16bnHydra: family(vgg, { release: 'hydra' }),
}

/**
 * The network of that name with the sizes of a file: width, classes and, unless the name states them, depth and factor.
 * What the file does not show has its default. Whether the file's tensors are those of the network is not checked.
 *
 * @param name a name of the zoo
 * @param data what the file is loaded for. @default unknown
 * @throws OptionError for an unknown name
 */
export const sizedNetwork = (stage: string, name: string, tensors: NamedTensors, data?: DataSizes): SizedNetwork =>
  families[zooName(stage, name)](tensors, data)

/** A network whose tensors a file holds. */
export interface FittingNetwork extends SizedNetwork {
  /** Its name in the zoo. */
  readonly name: ZooName
}

/**
 * The networks of the zoo whose tensors are those of a file, by names and shapes, with the normalisation in the file. Each is
 * listed once.
 */
export const fittingNetworks = (tensors: NamedTensors): readonly FittingNetwork[] => {
  const tried = new Set<string>()
  return architectureNames.flatMap((name): FittingNetwork[] => {
    const sized = families[name](tensors, undefined)
    const { name: full, classes } = sized.architecture
    if (tried.has(`${full} ${classes}`)) return []
    tried.add(`${full} ${classes}`)
    const read = readNetwork('inspect', '', sized.architecture, tensors)
    return isRight(read) ? [{ name, ...sized, architecture: read.right.architecture }] : []
  })
}
