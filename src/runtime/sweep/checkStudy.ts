import { rejectOption } from '../../dsl/errors.js'
import type { Study } from '../../report/study/study.js'
import type { PointParams } from './points.js'

/** Refuses a study of what the points don't have. @throws OptionError */
export const checkStudy = ({ method, across, baseline }: Study, points: readonly PointParams[]): void => {
  for (const point of points) {
    if (point[method] === undefined) rejectOption('sweep', `a method, ${method}, in each point`, JSON.stringify(point))
    // Pictures have it on a logarithmic axis.
    if (!(Number(point[across]) > 0) || typeof point[across] !== 'number')
      rejectOption('sweep', `a number > 0, ${across}, in each point`, JSON.stringify(point))
  }
  const methods = [...new Set(points.map((point) => String(point[method])))]
  if (baseline !== undefined && !methods.includes(baseline))
    rejectOption('sweep', `a baseline out of ${methods.join(', ')}`, baseline)
}
