import { scaleLinear } from 'd3-scale'
import { SIGMA } from '../../src/math/hsic/bottleneck.js'
import { lineChart } from '../../src/report/html/lineChart.js'
import { element, setAttribute } from '../element.js'
import { descend, measure, start, type Toy } from './bottleneck.js'
import { button, logarithmic, slider, tiles } from './controls.js'
import { drawing, shape } from './svg.js'

const SIDE = 260
const sigmas = [0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20]
const weights = [0, ...logarithmic(0.01, 1, 9)]

/** The kernel matrix as a picture: dark for two similar images. */
const kernelPicture = () => {
  const node = element('canvas', { class: 'kernel', role: 'img' })
  const draw = (kernel: Float32Array): void => {
    const n = Math.sqrt(kernel.length)
    node.width = n
    node.height = n
    const context = node.getContext('2d')
    if (!context) return
    context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--s1').trim()
    for (const [i, value] of kernel.entries()) {
      context.globalAlpha = Math.min(1, Math.max(0, value))
      context.fillRect(i % n, Math.floor(i / n), 1, 1)
    }
    const least = kernel.reduce((a, b) => Math.min(a, b), 1)
    const mean = kernel.reduce((a, b) => a + b, 0) / kernel.length
    setAttribute(node, 'aria-label', `Kernel matrix: from ${least.toFixed(3)} to 1, on average ${mean.toFixed(3)}`)
  }
  return { node, draw }
}

/** The hidden activations as points: circles of one class, squares of the other. */
const scatter = () => {
  const { node, draw } = drawing(SIDE, SIDE)
  return {
    node,
    draw: ({ hidden, classes }: Toy): void => {
      const bound = Math.max(3, ...hidden.map(Math.abs))
      const at = scaleLinear()
        .domain([-bound, bound])
        .range([8, SIDE - 8])
      const axes = [
        shape('line', { class: 'grid', x1: at(0), x2: at(0), y1: 0, y2: SIDE }),
        shape('line', { class: 'grid', x1: 0, x2: SIDE, y1: at(0), y2: at(0) }),
      ]
      const points = Array.from(classes, (label, i) => {
        const [x, y] = [at(hidden[2 * i] ?? 0), at(-(hidden[2 * i + 1] ?? 0))]
        return label === 0
          ? shape('circle', { class: 'f1', cx: x, cy: y, r: 4 })
          : shape('rect', { class: 'f2', x: x - 3.5, y: y - 3.5, width: 7, height: 7 })
      })
      draw(`Hidden activations of ${classes.length} images of two classes`, ...axes, ...points)
    },
  }
}

/** The picture of the bottleneck: what a layer keeps of images and labels, and how the loss moves its activations. */
export const bottleneckPicture = (): HTMLElement => {
  let toy = start()
  const [points, kernel] = [scatter(), kernelPicture()]
  const figures = tiles(['nHSIC(X, Z), of the image', 'nHSIC(Y, Z), of the label', 'λx·nHSIC(X, Z) − λy·nHSIC(Y, Z)'])
  const curves = element('div')
  const draw = (): void => {
    const { ofImages, ofLabels, kernel: matrix } = measure(toy, sigma.value())
    points.draw(toy)
    kernel.draw(matrix)
    const sum = lambdaX.value() * ofImages - lambdaY.value() * ofLabels
    figures.set([ofImages.toFixed(2), ofLabels.toFixed(2), sum.toFixed(3)])
  }
  /** Both measures at every σ. Each costs a factorisation, so they are drawn only after the points have moved. */
  const drawCurves = (): void => {
    const all = sigmas.map((width) => measure(toy, width))
    curves.innerHTML = lineChart({
      title: 'nHSIC by the width of the kernel',
      across: 'log₁₀ σ',
      series: [
        { name: 'nHSIC(X, Z)', points: all.map(({ ofImages }, i) => [Math.log10(sigmas[i] ?? 1), ofImages]) },
        { name: 'nHSIC(Y, Z)', points: all.map(({ ofLabels }, i) => [Math.log10(sigmas[i] ?? 1), ofLabels]) },
      ],
      domain: [0, 1],
    }).html
  }
  const redraw = (): void => {
    draw()
    drawCurves()
  }
  const sigma = slider({
    label: 'Width σ of the kernel',
    values: sigmas,
    start: SIGMA,
    format: String,
    onchange: draw,
  })
  const lambda = (name: string, at: number) =>
    slider({ label: name, values: weights, start: at, format: String, onchange: draw })
  const [lambdaX, lambdaY] = [
    lambda('λx, the cost of keeping the image', 0.1),
    lambda('λy, the reward for keeping the label', 1),
  ]
  const move = (): void => {
    toy = descend(toy, { sigma: sigma.value(), lambdaX: lambdaX.value(), lambdaY: lambdaY.value() }, 20)
    redraw()
  }
  const reset = (): void => {
    toy = start()
    redraw()
  }
  redraw()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
  return element(
    'div',
    { class: 'picture' },
    element('div', { class: 'controls' }, sigma.node, lambdaX.node, lambdaY.node),
    element('div', { class: 'buttons' }, button('20 steps downhill', move), button('Start again', reset)),
    figures.node,
    element(
      'div',
      { class: 'charts' },
      element('figure', {}, element('h3', {}, 'Hidden activations Z'), points.node),
      element('figure', {}, element('h3', {}, 'Kernel matrix of Z, by image'), kernel.node),
      curves,
    ),
  )
}
