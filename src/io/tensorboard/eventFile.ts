import { type BoardEvent, encodeEvent, encodeVersion } from './boardEvent.js'
import { tfRecord } from './tfRecord.js'

/**
 * Begins the contents of a file of events. Returns a function that adds an event. Nothing is kept: a file of many events
 * takes no more memory than one of few.
 *
 * @param began seconds since 1970
 * @param append receives the bytes of one record after the other
 */
export const beginEventFile = (began: number, append: (bytes: Uint8Array) => void): ((event: BoardEvent) => void) => {
  append(tfRecord(encodeVersion(began)))
  return (event) => append(tfRecord(encodeEvent(event)))
}

/** The name of a run's file of events. TensorBoard recognises it by `tfevents`. @param began seconds since 1970 */
export const eventFileName = (began: number): string => `events.out.tfevents.${Math.floor(began)}.pwoa`
