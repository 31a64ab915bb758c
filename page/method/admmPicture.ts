import { lineChart } from '../../src/report/html/lineChart.js'
import { element } from '../element.js'
import { makeAdmm, SIZE, UPDATES } from './admm.js'
import { bars, legend } from './bars.js'
import { slider, tiles } from './controls.js'

const names = Array.from({ length: SIZE }, (_, i) => String(i + 1))

/** The picture of ADMM: W, Z and U of sixteen weights after each update. */
export const admmPicture = (): HTMLElement => {
  const run = makeAdmm()
  const vectors = bars('W, Z and U', 240)
  const figures = tiles(['ρ', 'loss of W', 'loss if pruned now', '‖W − Z‖'])
  const curves = element('div', { class: 'charts' })
  let states = run(4)
  const draw = (): void => {
    const state = states[update.value()]
    if (!state) return
    const most = Math.max(...states.flatMap(({ w, z, u }) => [...w, ...z, ...u].map(Math.abs)))
    vectors.draw({
      names,
      series: [
        { name: 'W', values: [...state.w] },
        { name: 'Z', values: [...state.z] },
        { name: 'U', values: [...state.u] },
      ],
      domain: [-most, most],
      format: (value) => String(Number(value.toPrecision(2))),
    })
    const { rho, loss, lossOfZ, primal } = state
    figures.set([rho, loss, lossOfZ, primal].map((value) => value.toPrecision(3)))
  }
  const drawCurves = (): void => {
    const curve = (name: string, values: readonly number[]) => ({
      name,
      points: values.map((value, i) => [i, value] as const),
    })
    const charts = [
      lineChart({
        title: 'Loss',
        across: 'update',
        series: [
          curve(
            'of W',
            states.map(({ loss }) => loss),
          ),
          curve(
            'of Z, if pruned now',
            states.map(({ lossOfZ }) => lossOfZ),
          ),
        ],
        domain: [0, 0.01],
      }),
      lineChart({
        title: 'Residuals',
        across: 'update',
        series: [
          curve(
            'primal ‖W − Z‖',
            states.map(({ primal }) => primal),
          ),
          curve(
            'dual ρ‖Z − Z before‖',
            states.map(({ dual }) => dual),
          ),
        ],
        domain: [0, 0.1],
      }),
    ]
    curves.innerHTML = charts.map(({ html }) => html).join('')
  }
  const update = slider({
    label: 'Updates of Z and U',
    values: Array.from({ length: UPDATES + 1 }, (_, i) => i),
    start: 0,
    format: String,
    onchange: draw,
  })
  const rate = slider({
    label: 'Rate',
    values: [2, 4, 8],
    start: 4,
    format: (value) => `${value}×`,
    onchange: () => {
      states = run(rate.value())
      draw()
      drawCurves()
    },
  })
  draw()
  drawCurves()
  return element(
    'div',
    { class: 'picture' },
    element('div', { class: 'controls' }, update.node, rate.node),
    figures.node,
    element('h3', {}, 'Sixteen weights'),
    vectors.node,
    legend(['W, the trained weights', 'Z, the sparse copy', 'U, the sum of their differences']),
    curves,
  )
}
