import { isLeft } from 'fp-ts/lib/Either.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { readNetwork } from '../parameters/readNetwork.js'
import type { NamedTensors } from '../parameters/weights.js'
import { type DataSizes, type Family, family, released, type SizedNetwork, single, withSide } from './common/family.js'
import type { OutputsOf } from './common/outputs.js'
import { densenet121, densenet121Options, densenetShown } from './densenet.js'
import {
  dmPreactResnet,
  dmPreactResnet18,
  dmPreactResnet18Options,
  dmPreactResnet18Shown,
  dmPreactResnet34,
  dmPreactResnet34Options,
  dmPreactResnetOptions,
  dmPreactResnetShown,
} from './dmPreactResnet.js'
import { dmWideResnet, dmWideResnetOptions, dmWideResnetShown } from './dmWideResnet.js'
import {
  preactEnsemble,
  preactEnsembleOptions,
  preactEnsembleShown,
  preactResnet50,
  preactResnet50Options,
  preactResnet50Shown,
} from './ensembles.js'
import { mobilenetV2, mobilenetV2Options, mobilenetV2Shown } from './mobilenetV2.js'
import { convnext, convnextOptions, convnextShown } from './patches/convnext.js'
import { vit, vitOptions, vitShown } from './patches/vit.js'
import { xcit, xcitOptions, xcitShown } from './patches/xcit.js'
import { preactResnet18, preactResnet18Options, preactResnetShown } from './preactResnet.js'
import { raWideResnet, raWideResnetOptions, raWideResnetShown } from './raWideResnet.js'
import { raWideResnet101x2, raWideResnet101x2Options, raWideResnet101x2Shown } from './raWideResnet101x2.js'
import { resnest152, resnest152Options, resnestShown } from './resnest.js'
import {
  type ResnetOptions,
  resnet18,
  resnet18Options,
  resnet34,
  resnet34Options,
  resnet50,
  resnet50Options,
  resnetShown,
  wideResnet50x2,
  wideResnet50x2Options,
} from './resnet.js'
import { robustWideResnet, robustWideResnetOptions, robustWideResnetShown } from './robustWideResnet.js'
import { coltMnist, ovalBase, ovalDeep, resnet2b, resnet2bMnbab, smallCnn } from './smallNetworks.js'
import { type VggOptions, vgg11bn, vgg11bnOptions, vgg16bn, vgg16bnOptions, vggShown } from './vgg.js'
import { wideResnet, wideResnetOptions, wideResnetShown } from './wideResnet.js'
import { architectureNames, cifarNet, lenet, lenet5, mnistNet, type ZooName, zooName } from './zoo.js'

const resnetsShown = (outputs: OutputsOf, data: DataSizes | undefined): ResnetOptions => {
  const shown = resnetShown(outputs)
  return shown.release === 'torchvision' ? { ...shown, ...given({ size: data?.side }) } : shown
}

const vggsShown = (outputs: OutputsOf, data: DataSizes | undefined): VggOptions => {
  const shown = vggShown(outputs)
  return shown.release === 'torchvision' ? { ...shown, ...given({ size: data?.side }) } : shown
}

const wide = { make: wideResnet, declaration: wideResnetOptions, shown: wideResnetShown }
const dmWide = { make: dmWideResnet, declaration: dmWideResnetOptions, shown: dmWideResnetShown }
const dmPreact = { make: dmPreactResnet, declaration: dmPreactResnetOptions, shown: dmPreactResnetShown }
const dmPreact18 = { make: dmPreactResnet18, declaration: dmPreactResnet18Options, shown: dmPreactResnet18Shown }
const dmPreact34 = { make: dmPreactResnet34, declaration: dmPreactResnet34Options, shown: dmPreactResnet18Shown }
const robustWide = { make: robustWideResnet, declaration: robustWideResnetOptions, shown: robustWideResnetShown }
const raWide = { make: raWideResnet, declaration: raWideResnetOptions, shown: raWideResnetShown }
const raWide101 = {
  make: raWideResnet101x2,
  declaration: raWideResnet101x2Options,
  shown: withSide(raWideResnet101x2Shown),
}
const preact = { make: preactResnet18, declaration: preactResnet18Options, shown: preactResnetShown }
const vgg11 = { make: vgg11bn, declaration: vgg11bnOptions, shown: vggsShown }
const vgg16 = { make: vgg16bn, declaration: vgg16bnOptions, shown: vggsShown }
const mobile = {
  make: mobilenetV2,
  declaration: mobilenetV2Options,
  shown: withSide(mobilenetV2Shown),
}
const dense = { make: densenet121, declaration: densenet121Options, shown: withSide(densenetShown) }

const convnexts = (['torchvision', 'timm', 'facebook'] as const).map((release) => ({
  network: () => convnext({ release }),
  shown: withSide((outputs) => convnextShown(outputs, release)),
}))
/** The networks for small images have smaller patches. */
const SMALL = 64
const cross = {
  make: xcit,
  declaration: xcitOptions,
  shown: (outputs: OutputsOf, data: DataSizes | undefined) => ({
    ...withSide(xcitShown)(outputs, data),
    ...(data && data.side < SMALL ? { patch: 4 } : {}),
  }),
}

const vits = (['torchvision', 'timm'] as const).map((release) => ({
  network: () => vit({ release }),
  shown: (outputs: OutputsOf) => vitShown(outputs, release),
}))

/** How each network of the zoo gets its sizes. */
const families: Readonly<Record<ZooName, Family>> = {
  mnistNet: single(mnistNet),
  lenet5: single(lenet5),
  lenet: single(lenet),
  cifarNet: single(cifarNet),
  smallCnn: single(smallCnn),
  ovalBase: single(ovalBase),
  ovalDeep: single(ovalDeep),
  coltMnist: single(coltMnist),
  resnet2b: single(resnet2b),
  resnet2bMnbab: single(resnet2bMnbab),
  resnet18: family({ make: resnet18, declaration: resnet18Options, shown: resnetsShown }, {}),
  resnet34: family({ make: resnet34, declaration: resnet34Options, shown: resnetsShown }, {}),
  resnet50: family({ make: resnet50, declaration: resnet50Options, shown: resnetsShown }, {}),
  wideResnet50x2: family({ make: wideResnet50x2, declaration: wideResnet50x2Options, shown: resnetsShown }, {}),
  preactResnet18: family(preact, {}),
  wideResnet: family(wide, {}),
  wideResnet28x10: family(wide, { depth: 28, factor: 10 }),
  wideResnet34x10: family(wide, { depth: 34, factor: 10 }),
  robustWideResnet: family(robustWide, {}),
  dmPreactResnet18: family(dmPreact18, {}),
  dmPreactResnet34: family(dmPreact34, {}),
  dmPreactResnet: family(dmPreact, {}),
  dmWideResnet: family(dmWide, {}),
  dmWideResnet28x10: family(dmWide, { depth: 28, factor: 10 }),
  raWideResnet: family(raWide, {}),
  raWideResnet101x2: family(raWide101, {}),
  vgg11bn: family(vgg11, {}),
  vgg16bn: family(vgg16, {}),
  vgg16bnHydra: family(vgg16, { release: 'hydra' }),
  vgg16bnPwoa: family(vgg16, { release: 'pwoa' }),
  mobilenetV2: family(mobile, {}),
  densenet121: family(dense, {}),
  convnext: released({ make: convnext, declaration: convnextOptions }, convnexts, {}),
  xcit: family(cross, {}),
  vit: released({ make: vit, declaration: vitOptions }, vits, {}),
  resnest152: family({ make: resnest152, declaration: resnest152Options, shown: resnestShown }, {}),
  preactResnet50: family({ make: preactResnet50, declaration: preactResnet50Options, shown: preactResnet50Shown }, {}),
  preactEnsemble: family({ make: preactEnsemble, declaration: preactEnsembleOptions, shown: preactEnsembleShown }, {}),
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
  const listed = new Set<string>()
  return architectureNames.flatMap((name): FittingNetwork[] => {
    const sized = sizedBy(families[name], tensors)
    if (!sized) return []
    const full = `${sized.architecture.name} ${sized.architecture.classes}`
    if (listed.has(full)) return []
    const read = readNetwork('inspect', '', sized.architecture, tensors)
    if (isLeft(read)) return []
    listed.add(full)
    return [{ name, ...sized, architecture: read.right.architecture }]
  })
}

/** The network of a family with the sizes of a file; undefined if no network of the family has such sizes. */
const sizedBy = (family: Family, tensors: NamedTensors): SizedNetwork | undefined => {
  try {
    return family(tensors, undefined)
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return undefined
    throw thrown
  }
}
