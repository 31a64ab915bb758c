import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { draftOf } from '../values/drafts.js'
import { splitMoved } from '../values/moved.js'
import { knownIn } from '../values/numbers.js'
import { partOr } from './parts.js'
import { split } from './selections.js'

/** `SplitToSequence`, of which only `SequenceAt` takes the parts. */
export const splitToSequence = (node: NodeReader): Value => ({
  kind: 'draft',
  draft: 'sequence',
  parts: partOr(splitMoved, split)(node),
  settle: () => node.refuse('SequenceAt as the only operator after it', 'another one, on a list of values'),
})

/** `SequenceAt`: one of the parts. */
export const sequenceAt = (node: NodeReader): Value => {
  const sequence = draftOf(node.value(0), 'sequence') ?? node.refuse('a list of values', node.described(0))
  const [place = Number.NaN] = knownIn(node, 1)
  return sequence.parts.at(place) ?? node.refuse(`a place among ${sequence.parts.length}`, `${place}`)
}
