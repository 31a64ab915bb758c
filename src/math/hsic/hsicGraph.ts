import { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'

/** Names of the values that a run feeds and fetches. Numbers that depend on the minibatch's size are fed, too. */
export const names = {
  images: 'images',
  labels: 'labels',
  /** The identity, n × n. */
  identity: 'identity',
  /** [n, −1] */
  rowShape: 'row-shape',
  /** How many rows each block of a Gram matrix has, if it has blocks. */
  blocks: 'blocks',
  /** εn */
  ridge: 'ridge',
  lambdaX: 'lambda-x',
  lambdaY: 'lambda-y',
  /** S */
  matrix: 'matrix',
  /** Σ_l Σ_ij S_ij·(A_l⁻¹)_ij */
  sum: 'sum',
  activations: (layer: number) => `activations-${layer}`,
  /** −1/(2σ²d) */
  exponent: (layer: number) => `exponent-${layer}`,
  /** Factor of D. */
  pull: (layer: number) => `pull-${layer}`,
  rows: (layer: number) => `rows-${layer}`,
  kernel: (layer: number) => `kernel-${layer}`,
  inverse: (layer: number) => `inverse-${layer}`,
  gradient: (layer: number) => `gradient-${layer}`,
} as const

/** S = λx·R_X − λy·R_Y of images and labels. */
export const matrixGraph = (blocks: number): GraphBuilder => {
  const graph = new GraphBuilder()
  const shared = sharedBy(graph, blocks)
  const rows = centredRows(graph, graph.placeholder(names.images), shared.rowShape)
  const ofImages = gaussianMinusOne(graph, rows, graph.placeholder(names.exponent(0)), shared)
  const labels = graph.placeholder(names.labels)
  const rX = normalised(graph, ofImages, shared)
  const rY = normalised(graph, graph.product(labels, labels, 'second'), shared)
  graph.output(
    names.matrix,
    graph.subtract(
      graph.multiply(rX, graph.placeholder(names.lambdaX)),
      graph.multiply(rY, graph.placeholder(names.lambdaY)),
    ),
  )
  return graph
}

/** Σ S ∘ A⁻¹ over the layers, and the values that the backward pass needs. */
export const lossGraph = (blocks: number, layers: number): GraphBuilder => {
  const graph = new GraphBuilder()
  const shared = sharedBy(graph, blocks)
  const matrix = graph.placeholder(names.matrix)
  const sums = Array.from({ length: layers }, (_, layer) => {
    const rows = centredRows(graph, graph.placeholder(names.activations(layer)), shared.rowShape)
    const kernel = gaussianMinusOne(graph, rows, graph.placeholder(names.exponent(layer)), shared)
    const inverse = regularisedInverse(graph, kernel, shared)
    graph.output(names.rows(layer), rows)
    graph.output(names.kernel(layer), kernel)
    graph.output(names.inverse(layer), inverse)
    return graph.total(graph.multiply(matrix, inverse), [0, 1])
  })
  graph.output(names.sum, graph.sum(sums))
  return graph
}

/** ∂/∂Z of every layer. */
export const gradientGraph = (layers: number): GraphBuilder => {
  const graph = new GraphBuilder()
  const matrix = graph.placeholder(names.matrix)
  for (let layer = 0; layer < layers; layer++) {
    const [rows, kernel, inverse] = [names.rows, names.kernel, names.inverse].map((name) =>
      graph.placeholder(name(layer)),
    ) as [Value, Value, Value]
    const g = graph.product(graph.product(inverse, matrix), inverse)
    const slope = graph.multiply(centred(graph, g), graph.add(kernel, graph.number(1)))
    const d = graph.multiply(slope, graph.placeholder(names.pull(layer)))
    const pulls = graph.subtract(graph.diagonal(graph.total(d, [1])), d)
    const activations = graph.placeholder(names.activations(layer))
    graph.output(names.gradient(layer), graph.reshapeLike(graph.product(pulls, rows), activations))
  }
  return graph
}

interface Shared {
  readonly identity: Value
  readonly rowShape: Value
  readonly ridge: Value
  /** A matrix with one row per example, in blocks. */
  readonly split: (rows: Value) => readonly Value[]
}

const sharedBy = (graph: GraphBuilder, blocks: number): Shared => {
  const sizes = blocks === 1 ? '' : graph.integerPlaceholder(names.blocks)
  return {
    identity: graph.placeholder(names.identity),
    rowShape: graph.integerPlaceholder(names.rowShape),
    ridge: graph.placeholder(names.ridge),
    split: (rows) => graph.split(rows, sizes, blocks),
  }
}

const centredRows = (graph: GraphBuilder, z: Value, rowShape: Value): Value => {
  const rows = graph.reshapeTo(z, rowShape)
  return graph.subtract(rows, graph.mean(rows, [0]))
}

/** rows·rowsᵀ: the products of blocks above the diagonal, and their transposes below it. */
const gramOf = (graph: GraphBuilder, rows: Value, { split }: Shared): Value => {
  const blocks = split(rows)
  const above = blocks.map((a, i) => blocks.slice(i).map((b) => graph.product(a, b, 'second')))
  const blockAt = (i: number, j: number): Value =>
    (j >= i ? above[i]?.[j - i] : graph.transpose(above[j]?.[i - j] ?? '', [1, 0])) ?? ''
  return graph.concat(blocks.map((_, i) => graph.beside(blocks.map((_, j) => blockAt(i, j)))))
}

/** K − 1 = expm1(exponent·‖z_i − z_j‖²) from the Gram matrix. */
const gaussianMinusOne = (graph: GraphBuilder, rows: Value, exponent: Value, shared: Shared): Value => {
  const gram = gramOf(graph, rows, shared)
  const norms = graph.diagonalOf(gram)
  const distances = graph.subtract(graph.add(norms, graph.column(norms)), graph.add(gram, gram))
  return graph.expm1(graph.multiply(distances, exponent))
}

/** HKH of a symmetric K. */
const centred = (graph: GraphBuilder, kernel: Value): Value => {
  const rows = graph.mean(kernel, [1])
  const shifted = graph.subtract(kernel, graph.subtract(rows, graph.mean(rows, [0])))
  return graph.subtract(shifted, graph.mean(kernel, [0]))
}

/** A⁻¹ with A = HKH + c·11ᵀ + εn·I, c the mean of |HKH|. */
const regularisedInverse = (graph: GraphBuilder, kernel: Value, { identity, ridge }: Shared): Value => {
  const hkh = centred(graph, kernel)
  const lifted = graph.add(hkh, graph.mean(graph.absolute(hkh), [0, 1]))
  const a = graph.add(lifted, graph.multiply(identity, ridge))
  const inverse = graph.lowerSolve(graph.cholesky(a), identity)
  return graph.product(inverse, inverse, 'first')
}

/** HRH with R = I − εn·A⁻¹. */
const normalised = (graph: GraphBuilder, kernel: Value, shared: Shared): Value => {
  const inverse = regularisedInverse(graph, kernel, shared)
  return centred(graph, graph.subtract(shared.identity, graph.multiply(inverse, shared.ridge)))
}
