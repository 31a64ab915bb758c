import type { ReadBudget } from '../../../files/readBudget.js'
import { quoted, refuse } from '../../../files/refusal.js'
import type { OnnxFunction, OnnxGraph, OnnxModel, OnnxNode } from './messages.js'

// PyTorch's newer exporter writes some operators of its own as functions of the model: a list of nodes with names of their
// own, which a node calls by its type.

/** Both names of the domain of ONNX's own operators. */
export const OWN_DOMAINS: readonly string[] = ['', 'ai.onnx']

/** The most functions that call each other. */
const DEEPEST = 32

/** What a node costs, about: bytes of memory, and steps of the budget for its new names. */
const NODE = { bytes: 1024, steps: 2048 }

const keyOf = (domain: string, name: string, overload: string): string => JSON.stringify([domain, name, overload])

/**
 * A model's graph with the nodes of its functions in the place of the nodes that call them.
 *
 * @throws Refusal for functions that call themselves, or that were written for another opset
 */
export const inlined = ({ graph, functions, opsetImport }: OnnxModel, budget: ReadBudget): OnnxGraph | null => {
  if (!graph || functions.length === 0) return graph
  const known = new Map(functions.map((each) => [keyOf(each.domain, each.name, each.overload), each]))
  const opset = versionOf(opsetImport)
  const called = (node: OnnxNode): OnnxFunction | undefined =>
    OWN_DOMAINS.includes(node.domain) ? undefined : known.get(keyOf(node.domain, node.opType, node.overload))
  const nodes: OnnxNode[] = []
  const expand = (node: OnnxNode, depth: number): void => {
    budget.allocate(NODE.bytes, 'the nodes of its functions')
    budget.work(NODE.steps, 'the nodes of its functions')
    const given = called(node)
    if (!given) {
      nodes.push(node)
      return
    }
    const what = `function ${quoted(given.name)} of domain ${quoted(given.domain)}`
    if (depth > DEEPEST) refuse(`functions within at most ${DEEPEST} others`, what)
    const own = versionOf(given.opsetImport)
    if (own !== undefined && own !== opset) refuse(`functions of opset ${opset}`, `${what}, of opset ${own}`)
    for (const each of bodyOf(given, node)) expand(each, depth + 1)
  }
  for (const node of graph.node) expand(node, 1)
  return { ...graph, node: nodes }
}

const versionOf = (imports: OnnxModel['opsetImport']): number | undefined =>
  imports.find(({ domain }) => OWN_DOMAINS.includes(domain))?.version

/** The nodes of a function, with the names of the values that a node gives it and takes from it. */
const bodyOf = (given: OnnxFunction, node: OnnxNode): readonly OnnxNode[] => {
  // A graph computes each value once, but names of nodes may be the same.
  const within = `${node.output.find((output) => output !== '') ?? node.name}/`
  const place = node.name || within.slice(0, -1)
  const names = new Map<string, string>([['', '']])
  // An input that the node leaves out is left out in the function, too.
  for (const [i, name] of given.input.entries()) names.set(name, node.input[i] ?? '')
  for (const [i, name] of given.output.entries()) if (node.output[i]) names.set(name, node.output[i] ?? '')
  const named = (name: string): string => names.get(name) ?? `${within}${name}`
  const values = new Map([...given.attributeProto, ...node.attribute].map((each) => [each.name, each]))
  return given.node.map((each) => ({
    ...each,
    name: `${place}/${each.name || each.opType}`,
    input: each.input.map(named),
    output: each.output.map(named),
    attribute: each.attribute.flatMap((attribute) => {
      if (attribute.refAttrName === '') return [attribute]
      const value = values.get(attribute.refAttrName)
      return value ? [{ ...value, name: attribute.name }] : []
    }),
  }))
}
