import {
  adam,
  adversarial,
  attackEval,
  autoAttack,
  cifar10,
  cifarNet,
  cosine,
  crossEntropy,
  definePipeline,
  earlyStop,
  exportModel,
  heldOut,
  horizontalFlip,
  initialise,
  param,
  parameters,
  pgd,
  pipeline,
  randomCrop,
  resnet18,
  sgd,
  train,
} from 'pwoa'

/**
 * Trains a small robust network on CIFAR-10 in CPU hours: fast adversarial training, a few gradient steps from a random
 * start, with a check for catastrophic overfitting. `steps=1` is Wong et al. 2020; on JPEG images it collapses within a few
 * epochs, and `earlyStop` reports that.
 */
export default definePipeline(
  parameters({
    architecture: param.choice(['resnet18', 'cifarNet'], {
      default: 'resnet18',
      help: 'cifarNet has two convolutions and no batch normalisation: minutes, and less robust.',
    }),
    width: param.integer({ default: 16, min: 1, max: 64, unit: 'channels', help: "Of ResNet-18's first stage." }),
    epsilon: param.number({ default: 8 / 255, min: 1 / 255, max: 32 / 255, help: 'L∞ radius, such as 8/255.' }),
    steps: param.integer({ default: 2, min: 1, unit: 'steps', help: 'Of the attack while training.' }),
    epochs: param.integer({ default: 20, min: 1, unit: 'epochs', help: 'Passes over the training set.' }),
    learningRate: param.optional(
      param.number({ min: 1e-6, help: 'First learning rate: of SGD, for cifarNet of Adam.' }),
      '0.1, for cifarNet 0.001',
    ),
    batchSize: param.integer({ default: 128, min: 2, max: 10000, unit: 'images', help: 'Minibatch.' }),
    examples: param.integer({ default: 1000, min: 1, max: 10000, unit: 'images', help: 'Test images attacked.' }),
  }),
  ({ architecture, width, epsilon, steps, epochs, learningRate, batchSize, examples }) => {
    const training = (radius: number) => pgd({ epsilon: radius, steps, stepSize: (1.25 * radius) / steps ** 0.5 })
    // Without batch normalisation, training at the full radius from the start rarely leaves equal logits for every class.
    const growing = (epoch: number) => training(epsilon * Math.min(1, (4 * (epoch + 1)) / epochs))
    const { network, attack, optimizer, first } = {
      resnet18: {
        network: resnet18({ width }),
        attack: training(epsilon),
        optimizer: sgd({ momentum: 0.9, weightDecay: 5e-4 }),
        first: 0.1,
      },
      cifarNet: { network: cifarNet, attack: growing, optimizer: adam(), first: 0.001 },
    }[architecture]
    const images = cifar10({ batchSize, augment: [randomCrop({ padding: 4 }), horizontalFlip()] })
    return pipeline('teacher-cifar10', heldOut(images, 1000)).pipe(
      initialise(network),
      adversarial(attack),
      crossEntropy(),
      train({ epochs, optimizer, learningRate: learningRate ?? first, schedule: cosine() }),
      earlyStop(pgd({ epsilon, steps: 10, stepSize: epsilon / 4 })),
      attackEval([autoAttack({ epsilon }), pgd({ epsilon, steps: 10, stepSize: epsilon / 4 })], { examples }),
      exportModel('teacher-cifar10.safetensors'),
    )
  },
)
