import {
  adversarial,
  attackEval,
  crossEntropy,
  definePipeline,
  exportModel,
  initialise,
  param,
  parameters,
  pgd,
  pipeline,
  train,
} from 'pwoa'
import { epsilon, images, network } from './network.js'

export default definePipeline(
  // What `--set epochs=20` may change; `pwoa-run pipeline.ts --help` lists it.
  parameters({
    epochs: param.integer({ default: 30, min: 1, unit: 'epochs', help: 'Passes over the training images.' }),
    steps: param.integer({ default: 7, min: 1, unit: 'steps', help: 'Steps of the attack in training.' }),
  }),
  ({ epochs, steps }) =>
    pipeline('train', images).pipe(
      initialise(network),
      // Every minibatch is attacked: that is what makes the network robust (Madry et al.). The radius grows at first.
      adversarial((epoch) => {
        const radius = epsilon * Math.min(1, (epoch + 1) / (epochs / 2))
        return pgd({ epsilon: radius, steps, stepSize: (2.5 * radius) / steps })
      }),
      crossEntropy(),
      train({ epochs, learningRate: 2e-3 }),
      attackEval([pgd({ epsilon, steps: 40, stepSize: epsilon / 10 })], { pictures: 5 }),
      exportModel('network.safetensors'),
    ),
)
