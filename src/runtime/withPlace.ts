import type { PwoaError } from '../dsl/errors.js'
import { placeInUserFile } from './originalPositions.js'

/** Adds the line of the user's file from which an error comes, where it has no better hint. */
export const withPlace = (error: PwoaError): PwoaError => {
  const place = placeInUserFile(error.cause)
  return place === undefined || error.hint !== undefined ? error : { ...error, hint: `That is in ${place}.` }
}
