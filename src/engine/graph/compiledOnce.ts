import { type CompiledGraph, compileGraph } from './compiledGraph.js'
import type { GraphBuilder } from './graphBuilder.js'

/** A graph that is loaded when it is first asked for. */
export const compiledOnce = (make: () => GraphBuilder): (() => CompiledGraph) => {
  let compiled: CompiledGraph | undefined
  return () => {
    compiled ??= compileGraph(make())
    return compiled
  }
}
