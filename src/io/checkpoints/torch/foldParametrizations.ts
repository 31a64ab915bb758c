import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import type { StateDict, StateTensor } from '../tensors/checkpoint.js'

/** A network's tensors, with plain weights. */
export interface Folded {
  readonly tensors: StateDict
  /** 1 for a kept number and 0 for a pruned one, of each tensor that `torch.nn.utils.prune` masked, by its name. */
  readonly masks: StateDict
}

/** Names of the tensors from which PyTorch computes the weight `name`, and how. */
interface Form {
  /** What it is, for errors. */
  readonly what: string
  /** The tensor after whose name the form is found, with the weight's place in it. */
  readonly pattern: RegExp
  /** Names of all its tensors. */
  readonly parts: (layer: string, weight: string) => readonly string[]
  /** The weight from its tensors. @returns undefined for tensors of other shapes */
  readonly fold: (parts: readonly StateTensor[]) => StateTensor | undefined
}

const isShape = (a: readonly number[], b: readonly number[]): boolean => a.join() === b.join()

/**
 * Weight normalisation, `g · v / ‖v‖`: a norm for each index of the axes in which `g` has the extent of `v`, over all
 * others. Salimans and Kingma, "Weight Normalization", 2016, equation 2.
 */
const weightNorm = ([g, v]: readonly StateTensor[]): StateTensor | undefined => {
  if (!g || !v) return undefined
  const isTotal = g.data.length === 1
  const axis = g.shape.findIndex((extent) => extent !== 1)
  const isOneAxis = g.shape.length === v.shape.length && g.data.length === v.shape[axis]
  if (!isTotal && !isOneAxis) return undefined
  const inner = isTotal ? v.data.length : v.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const groupOf = (i: number): number => Math.floor(i / inner) % g.data.length
  const squares = new Float64Array(g.data.length)
  for (const [i, value] of v.data.entries()) squares[groupOf(i)] = (squares[groupOf(i)] ?? 0) + value * value
  const scales = squares.map((sum, i) => (g.data[i] ?? 0) / Math.sqrt(sum))
  return { shape: v.shape, data: v.data.map((value, i) => value * (scales[groupOf(i)] ?? 0)) }
}

/** uᵀ W v, with `W` as a matrix of a row for each index of an axis; undefined for other shapes. */
const bilinear = (axis: number, [weight, u, v]: readonly StateTensor[]): number | undefined => {
  const rows = weight?.shape[axis]
  if (!weight || !u || !v || u.data.length !== rows || rows * v.data.length !== weight.data.length) return undefined
  const inner = weight.shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  let sum = 0
  for (const [i, value] of weight.data.entries()) {
    const outer = Math.floor(i / inner)
    sum += (u.data[outer % rows] ?? 0) * value * (v.data[Math.floor(outer / rows) * inner + (i % inner)] ?? 0)
  }
  return sum
}

/**
 * Spectral normalisation outside training, `W / (uᵀ W v)`. The file does not state which axis is that of the rows: of linear
 * layers and convolutions the first, of transposed ones the second. If both fit, `u` and `v` are the singular vectors along
 * the axis with the larger norm. Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018, equation 8.
 */
const spectralNorm = (parts: readonly StateTensor[]): StateTensor | undefined => {
  const [weight] = parts
  const [first, second] = [bilinear(0, parts), bilinear(1, parts)]
  const sigma = second !== undefined && (first === undefined || Math.abs(second) > Math.abs(first)) ? second : first
  return weight && sigma !== undefined
    ? { shape: weight.shape, data: weight.data.map((value) => value / sigma) }
    : undefined
}

const masked = ([weight, mask]: readonly StateTensor[]): StateTensor | undefined =>
  weight && mask && isShape(weight.shape, mask.shape) && mask.data.every((bit) => bit === 0 || bit === 1)
    ? { shape: weight.shape, data: weight.data.map((value, i) => (mask.data[i] === 0 ? 0 : value)) }
    : undefined

const FORMS: readonly Form[] = [
  {
    what: 'weight_norm',
    pattern: /^(.*\.|)(\w+)_g$/,
    parts: (layer, weight) => [`${layer}${weight}_g`, `${layer}${weight}_v`],
    fold: weightNorm,
  },
  {
    what: 'weight_norm',
    pattern: /^(.*\.|)parametrizations\.(\w+)\.original0$/,
    parts: (layer, weight) => [0, 1].map((i) => `${layer}parametrizations.${weight}.original${i}`),
    fold: weightNorm,
  },
  {
    what: 'spectral_norm',
    pattern: /^(.*\.|)(\w+)_u$/,
    parts: (layer, weight) => ['_orig', '_u', '_v'].map((end) => `${layer}${weight}${end}`),
    fold: spectralNorm,
  },
  {
    what: 'spectral_norm',
    pattern: /^(.*\.|)parametrizations\.(\w+)\.0\._u$/,
    parts: (layer, weight) => ['original', '0._u', '0._v'].map((end) => `${layer}parametrizations.${weight}.${end}`),
    fold: spectralNorm,
  },
]

const PRUNED: Form = {
  what: "torch.nn.utils.prune's mask",
  pattern: /^(.*\.|)(\w+)_mask$/,
  parts: (layer, weight) => [`${layer}${weight}_orig`, `${layer}${weight}_mask`],
  fold: masked,
}

/** Replaces the tensors of all weights of a form by the weights. @returns the other parts of each, by its name */
const foldForm = (tensors: Map<string, StateTensor>, form: Form, budget: ReadBudget) => {
  const replaced = new Map<string, readonly StateTensor[]>()
  for (const found of [...tensors.keys()]) {
    const [, layer, weight] = form.pattern.exec(found) ?? []
    if (layer === undefined || weight === undefined) continue
    const names = form.parts(layer, weight)
    const parts = names.flatMap((name) => tensors.get(name) ?? [])
    if (parts.length < names.length) continue
    const name = `${layer}${weight}`
    if (tensors.has(name)) refuse(`${quoted(name)} or its parts of ${form.what}`, 'both')
    const largest = Math.max(...parts.map(({ data }) => data.length))
    budget.allocate(4 * largest, `the weight ${quoted(name)} of ${form.what}`)
    budget.work(4 * largest, `the weight ${quoted(name)} of ${form.what}`)
    const shapes = parts.map(({ shape }) => `[${shape.join(', ')}]`).join(', ')
    const whole = form.fold(parts) ?? refuse(`the tensors of ${form.what} of ${quoted(name)}`, `the shapes ${shapes}`)
    for (const part of names) tensors.delete(part)
    tensors.set(name, whole)
    replaced.set(name, parts)
  }
  return replaced
}

/**
 * Replaces what PyTorch computes weights from by these weights: `weight_norm` and `spectral_norm`, each of both kinds (by
 * hooks and as parametrizations), and the masks of `torch.nn.utils.prune`.
 *
 * @throws Refusal for parts whose shapes do not belong together, for another parametrization, or over the budget
 */
export const foldParametrizations = (given: StateDict, budget: ReadBudget): Folded => {
  const tensors = new Map(given)
  for (const form of FORMS) foldForm(tensors, form, budget)
  const masks = new Map<string, StateTensor>()
  for (const [name, [, mask]] of foldForm(tensors, PRUNED, budget)) if (mask) masks.set(name, mask)
  const other = [...tensors.keys()].find((name) => /(^|\.)parametrizations\.\w+\./.test(name))
  return other === undefined
    ? { tensors, masks }
    : refuse(
        'weights, or parametrizations by weight_norm or spectral_norm',
        `another one, of ${quoted(other)}`,
        'Remove it before saving: torch.nn.utils.parametrize.remove_parametrizations(layer, "weight").',
      )
}
