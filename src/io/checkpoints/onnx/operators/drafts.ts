import type { Activations } from '../graph/networkBuilder.js'
import type { Draft, Value } from '../graph/nodeReader.js'

/** What becomes a layer at most once, when it is first read. */
export const once = (make: () => Activations): (() => Activations) => {
  let made: Activations | undefined
  return () => {
    made ??= make()
    return made
  }
}

export const activations = (given: Activations): Value => ({ kind: 'activations', activations: given })

/** An input as the draft of one kind, if it is that. */
export const draftOf = <K extends Draft['draft']>(
  value: Value,
  draft: K,
): Extract<Draft, { readonly draft: K }> | undefined =>
  value.kind === 'draft' && value.draft === draft ? (value as Extract<Draft, { readonly draft: K }>) : undefined
