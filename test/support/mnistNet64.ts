/** The HSIC bottleneck on `mnistNet` in float64, forward and backward, layer by layer, with nothing of `src` but names. */
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { convolution, type Geometry } from './convolution.js'
import { gaussian64, linear64, normalised64, trace64, traceGradient64 } from './hsic64.js'

const clip = (values: Float64Array): Float64Array => values.map((value) => Math.max(0, value))

const biased = (values: Float64Array, bias: ArrayLike<number>): Float64Array =>
  values.map((value, i) => value + Number(bias[i % bias.length]))

const columnSums = (values: Float64Array, columns: number): Float64Array => {
  const sums = new Float64Array(columns)
  for (const [i, value] of values.entries()) sums[i % columns] = Number(sums[i % columns]) + value
  return sums
}

/** a is n × in, w in × out, dy n × out: a·w, aᵀ·dy and dy·wᵀ. */
const dense = (a: Float64Array, w: ArrayLike<number>, dy: Float64Array, n: number) => {
  const inputs = a.length / n
  const outputs = w.length / inputs
  const [y, dw, dx] = [new Float64Array(n * outputs), new Float64Array(w.length), new Float64Array(a.length)]
  for (let row = 0; row < n; row++)
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) {
        const [from, at, to] = [row * inputs + i, i * outputs + o, row * outputs + o]
        y[to] = Number(y[to]) + Number(a[from]) * Number(w[at])
        dw[at] = Number(dw[at]) + Number(a[from]) * Number(dy[to])
        dx[from] = Number(dx[from]) + Number(dy[to]) * Number(w[at])
      }
  return { y, dw, dx }
}

export interface Bottleneck64 {
  readonly nHsicX: readonly number[]
  readonly nHsicY: readonly number[]
  readonly loss: number
  /** By the names of the state dict, in the engine's layout. */
  readonly gradients: ReadonlyMap<string, Float64Array>
}

/**
 * Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l) and its gradient.
 *
 * @param images n × 784, in [0, 1]
 * @param labels one-hot, n × 10
 */
export const bottleneck64 = (
  architecture: Architecture,
  weights: Float32Array,
  images: ArrayLike<number>,
  labels: ArrayLike<number>,
  n: number,
  { lambdaX, lambdaY }: { readonly lambdaX: number; readonly lambdaY: number },
): Bottleneck64 => {
  const parameter = (name: string): Float32Array => {
    const { offset = 0, size = 0 } = parametersOf(architecture).find((one) => one.name === name) ?? {}
    return weights.subarray(offset, offset + size)
  }
  const first: Geometry = {
    batch: n,
    size: 28,
    inChannels: 1,
    outChannels: 16,
    kernel: 4,
    stride: 2,
    pad: 'same',
  }
  const second: Geometry = { ...first, size: 14, inChannels: 16, outChannels: 32 }
  const zeros = (count: number): Float64Array => new Float64Array(n * count)
  const run1 = (dy: Float64Array) => convolution(first, images, parameter('0.weight'), dy)
  const z1 = clip(biased(run1(zeros(14 * 14 * 16)).y, parameter('0.bias')))
  const run2 = (dy: Float64Array) => convolution(second, z1, parameter('2.weight'), dy)
  const z2 = clip(biased(run2(zeros(7 * 7 * 32)).y, parameter('2.bias')))
  const run3 = (dy: Float64Array) => dense(z2, parameter('5.weight'), dy, n)
  const z3 = clip(biased(run3(zeros(100)).y, parameter('5.bias')))

  const rX = normalised64(gaussian64(images, n), n)
  const rY = normalised64(linear64(labels, n), n)
  const s = rX.map((value, i) => lambdaX * value - lambdaY * Number(rY[i]))
  const r = [z1, z2, z3].map((z) => normalised64(gaussian64(z, n), n))
  const nHsicX = r.map((rZ) => trace64(rX, rZ, n))
  const nHsicY = r.map((rZ) => trace64(rY, rZ, n))
  const loss = nHsicX.reduce((total, x, i) => total + lambdaX * x - lambdaY * Number(nHsicY[i]), 0)

  const behind = (z: Float64Array, fromNext: Float64Array): Float64Array =>
    traceGradient64(z, s, n).map((own, i) => (Number(z[i]) > 0 ? own + Number(fromNext[i]) : 0))
  const d3 = behind(z3, zeros(100))
  const back3 = run3(d3)
  const d2 = behind(z2, back3.dx)
  const back2 = run2(d2)
  const d1 = behind(z1, back2.dx)
  return {
    nHsicX,
    nHsicY,
    loss,
    gradients: new Map([
      ['0.weight', run1(d1).dw],
      ['0.bias', columnSums(d1, 16)],
      ['2.weight', back2.dw],
      ['2.bias', columnSums(d2, 32)],
      ['5.weight', back3.dw],
      ['5.bias', columnSums(d3, 100)],
      ['7.weight', new Float64Array(1000)],
      ['7.bias', new Float64Array(10)],
    ]),
  }
}
