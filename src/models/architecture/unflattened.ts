import type { UnflattenLayer } from '../layers/reshaping.js'

/** The channel that a number of the vector belongs to. @param feature its place in the vector, from 0 */
export const channelOfFeature = (
  { height, width, channels, order }: Omit<UnflattenLayer, 'type'>,
  feature: number,
): number => (order === 'pixels' ? feature % channels : Math.floor(feature / (height * width)))

/** The place in the vector of the first number of a channel. */
export const firstFeatureOf = ({ height, width, order }: Omit<UnflattenLayer, 'type'>, channel: number): number =>
  order === 'pixels' ? channel : channel * height * width
