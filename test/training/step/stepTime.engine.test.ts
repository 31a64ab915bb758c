import { map } from 'rxjs'
import { expect, it } from 'vitest'
import { withMinibatch } from '../../../src/dsl/step.js'
import { crossEntropy } from '../../../src/operators/crossEntropy.js'
import { initialise } from '../../../src/operators/initialise.js'
import { train } from '../../../src/operators/train.js'
import { collect, fakeRun, tinyNet } from '../../support/context.js'
import { lentSteps } from '../../support/steps.js'

it("a step's time counts from when its minibatch was put together, not from the stage that trains", async () => {
  const fake = fakeRun({})
  const seconds = await collect(
    lentSteps(fake).pipe(
      initialise(tinyNet),
      // As if a stage before had worked for an hour.
      map((step) => {
        const { images, labels, began, ...others } = step.minibatch
        return withMinibatch(step, { ...others, images, labels, began: began - 3_600_000 })
      }),
      crossEntropy(),
      train({ epochs: 1 }),
    ),
    ({ training }) => training.seconds,
  )
  fake.end()
  expect(seconds.length).toBeGreaterThan(1)
  for (const one of seconds) expect(one).toBeGreaterThanOrEqual(3600)
})
