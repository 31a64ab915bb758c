/** Each family of the zoo, as narrow as a test can wait for. */
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { dmPreactResnet18 } from '../../src/models/zoo/dmPreactResnet.js'
import { dmWideResnet } from '../../src/models/zoo/dmWideResnet.js'
import { preactResnet18 } from '../../src/models/zoo/preactResnet.js'
import { resnet18, resnet34, resnet50 } from '../../src/models/zoo/resnet.js'
import { vgg16bn } from '../../src/models/zoo/vgg.js'
import { wideResnet } from '../../src/models/zoo/wideResnet.js'
import { cifarNet, lenet, lenet5, mnistNet } from '../../src/models/zoo/zoo.js'

export const zooNetworks: Readonly<Record<string, Architecture>> = {
  mnistNet,
  lenet5,
  lenet,
  cifarNet,
  resnet18: resnet18({ width: 8 }),
  resnet34: resnet34({ width: 4 }),
  resnet50: resnet50({ width: 4 }),
  preactResnet18: preactResnet18({ width: 4 }),
  wideResnet: wideResnet({ depth: 10, factor: 2, width: 4 }),
  dmPreactResnet18: dmPreactResnet18({ width: 4 }),
  dmWideResnet: dmWideResnet({ depth: 10, factor: 2, width: 4 }),
  torchvision: resnet18({ width: 8, release: 'torchvision', size: 64 }),
  vgg16bn: vgg16bn({ width: 4 }),
  vgg16bnHydra: vgg16bn({ width: 4, release: 'hydra' }),
}
