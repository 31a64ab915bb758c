import type { NodeReader } from '../graph/nodeReader.js'
import type { Value } from '../graph/value.js'
import { movedIn } from '../values/moved.js'
import { headsOf, isSame, ofAttended } from './attending.js'
import { axesOfScores } from './scoreAxes.js'

/** `Attention` of queries, keys and values: images x heads x tokens x channels of each. */
export const attentionOperator = (node: NodeReader): Value => {
  const [query, key, value] = [0, 1, 2].map((i) => {
    const given = movedIn(node, i)
    return given?.dims.length === 4 ? headsOf(node, given, 'rows') : undefined
  })
  if (!query || !key || !value || !isSame(query, key) || query.channels.length !== key.channels.length)
    return node.refuse(
      'queries, keys and values of shape images x heads x tokens x channels',
      [0, 1, 2].map((i) => node.described(i)).join(', '),
    )
  if ([3, 4, 5, 6].some((i) => node.optional(i)) || node.float('softcap') !== 0)
    return node.refuse('attention without a mask, cached keys and "softcap"', 'one of them')
  const given = node.has('scale') ? node.float('scale') : 1 / Math.sqrt(query.channels.length / query.heads)
  const axes = axesOfScores(node, query, query.tokens, key.tokens)
  const scale = given * query.factor * key.factor
  return ofAttended(node, { query, key, scale, across: 'tokens', axes, over: 'columns' }, value, 'rows')
}
