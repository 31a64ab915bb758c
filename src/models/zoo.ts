import { rejectOption } from '../dsl/errors.js'
import { type Architecture, architecture } from './architecture.js'
import { conv2d, flatten, linear, maxPool2d, relu } from './layers.js'
import { resnet18 } from './resnet.js'

const grey28 = { height: 28, width: 28, channels: 1 }

/** The MNIST network of fast adversarial training and of convex adversarial polytopes (a `torch.nn.Sequential`). */
export const mnistNet: Architecture = architecture('mnistNet', grey28, [
  conv2d('0', { out: 16, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  conv2d('2', { out: 32, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('5', { out: 100 }),
  relu(),
  linear('7', { out: 10 }),
])

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

/** LeNet as HBaR and PwoA train it on MNIST: two 5×5 convolutions with pooling, then 1024 and 10. */
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

/** The architectures that can be given by name. */
export const zoo = { mnistNet, lenet5, lenet, resnet18: resnet18() } as const satisfies Readonly<
  Record<string, Architecture>
>

/** Their names. */
export const architectureNames = Object.keys(zoo) as readonly (keyof typeof zoo)[]

/** An architecture by its name in the zoo, or the one given. @throws OptionError for an unknown name */
export const resolveArchitecture = (stage: string, given: string | Architecture): Architecture => {
  if (typeof given !== 'string') return given
  const known = architectureNames.find((name) => name === given)
  return known ? zoo[known] : rejectOption(stage, `an architecture among ${architectureNames.join(', ')}`, given)
}
