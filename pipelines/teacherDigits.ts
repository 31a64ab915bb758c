import {
  adversarial,
  attackEval,
  crossEntropy,
  definePipeline,
  exportModel,
  fgsm,
  initialise,
  param,
  parameters,
  pgd,
  pipeline,
  syntheticDigits,
  train,
} from 'pwoa'

/** Makes the small robust teacher of the quickstart: PGD adversarial training (Madry et al.) on synthetic digits. */
export default definePipeline(
  parameters({
    epsilon: param.number({ default: 0.3, min: 0.01, max: 1, help: 'Radius of the L∞ ball of the training attack.' }),
    steps: param.integer({ default: 8, min: 1, unit: 'steps', help: 'PGD steps of the training attack.' }),
    epochs: param.integer({ default: 24, min: 1, unit: 'epochs', help: 'Passes over the training set.' }),
    images: param.integer({ default: 12000, min: 128, unit: 'images', help: 'Training images that are drawn.' }),
    learningRate: param.number({ default: 2e-3, min: 1e-6, help: 'Peak learning rate of Adam.' }),
  }),
  ({ epsilon, steps, epochs, images, learningRate }) => {
    const training = (radius: number) => pgd({ epsilon: radius, steps, stepSize: (2.5 * radius) / steps })
    return pipeline('teacher-digits', syntheticDigits({ train: images })).pipe(
      initialise('mnistNet'),
      // With the full radius from the start, the network learns nothing: its logits stay equal for every class.
      adversarial((epoch) => training(epsilon * Math.min(1, (epoch + 1) / (epochs / 2)))),
      crossEntropy(),
      train({ epochs, learningRate }),
      attackEval([fgsm({ epsilon }), pgd({ epsilon, steps: 40, stepSize: epsilon / 30 })], { examples: 500 }),
      exportModel('teacher-digits.safetensors'),
    )
  },
)
