import {
  adversarial,
  crossEntropy,
  definePipeline,
  earlyStop,
  exportModel,
  heldOut,
  initialise,
  param,
  parameters,
  pgd,
  pipeline,
  range,
  search,
  syntheticDigits,
  train,
} from 'pwoa'

/** Finds the learning rate and the attack of robust training, on digits that are drawn on the spot: bad points stop early. */
export default definePipeline(
  parameters({
    points: param.integer({ default: 9, min: 9, unit: 'points', help: 'Points that are drawn.' }),
    seeds: param.list(param.integer({ min: 0, help: 'A seed.' }), {
      default: [0],
      min: 1,
      help: 'Seeds of the runs of each point; the mean is what counts.',
    }),
    order: param.choice(['synchronous', 'asynchronous'], {
      default: 'synchronous',
      help: 'Whether points wait for each other at a rung.',
    }),
    epochs: param.integer({ default: 9, min: 9, unit: 'epochs', help: 'Passes over the training set.' }),
    images: param.integer({ default: 6000, min: 256, unit: 'images', help: 'Training images that are drawn.' }),
    epsilon: param.number({ default: 0.1, min: 0.001, max: 1, help: 'Radius of the L∞ ball of the attacks.' }),
  }),
  ({ points, seeds, order, epochs, images, epsilon }) =>
    search(
      'search',
      { learningRate: range(2e-4, 2e-2, 'log'), steps: range(1, 4, 'linear', 'whole') },
      ({ learningRate, steps }) =>
        // Points are compared on images that no training sees, and that are not the test images.
        pipeline('digits', heldOut(syntheticDigits({ train: images, test: 500 }), 200)).pipe(
          initialise('mnistNet'),
          adversarial(pgd({ epsilon, steps, stepSize: (1.25 * epsilon) / steps })),
          crossEntropy(),
          train({ epochs, learningRate }),
          earlyStop(pgd({ epsilon, steps: 10, stepSize: epsilon / 4 })),
          exportModel('robust.safetensors'),
        ),
      {
        points,
        seeds,
        metric: 'accuracy.pgd',
        halving: { factor: 3, rungs: 2, order },
        // Finished points stay finished if there are more of them.
        lists: ['points', 'order'],
      },
    ),
)
