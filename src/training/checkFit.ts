import type { Dataset } from '../dsl/dataset.js'
import { rejectOption } from '../dsl/errors.js'
import type { Architecture } from '../models/architecture.js'

/** Refuses a network that is not for the run's images or classes. @throws OptionError */
export const checkFit = (stage: string, { name, input, classes }: Architecture, data: Dataset): void => {
  const { height, width, channels } = data.shape
  if (height !== input.height || width !== input.width || channels !== input.channels)
    rejectOption(
      stage,
      `images of ${input.height} x ${input.width} x ${input.channels} for ${name}`,
      `${height} x ${width} x ${channels} (${data.name})`,
    )
  if (classes !== data.classes) rejectOption(stage, `${classes} classes for ${name}`, `${data.classes} (${data.name})`)
}
