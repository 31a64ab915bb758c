import type { Activations } from '../graph/networkBuilder.js'
import type { Draft, Value } from '../graph/value.js'

/** Calls `make` when the result is first needed, and returns the same result after that. */
export const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The output of a layer as a value. */
export const activations = (output: Activations): Value => ({ kind: 'activations', activations: output })

type DraftOf<K extends Draft['draft']> = Extract<Draft, { readonly draft: K }>

const isDraft = <K extends Draft['draft']>(value: Value, draft: K): value is DraftOf<K> =>
  value.kind === 'draft' && value.draft === draft

/** An input as a draft of one kind; undefined if it is anything else. */
export const draftOf = <K extends Draft['draft']>(value: Value, draft: K): DraftOf<K> | undefined =>
  isDraft(value, draft) ? value : undefined
