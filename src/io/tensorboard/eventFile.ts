import { type BoardEvent, encodeEvent, encodeVersion } from './boardEvent.js'
import { tfRecord } from './tfRecord.js'

/** The contents of a file of events. Events can be added. */
export interface EventFile {
  /** Appends an event. */
  readonly add: (event: BoardEvent) => void
  /** All bytes so far. */
  readonly bytes: () => Uint8Array
}

/** A file of events without any event yet. @param began seconds since 1970 */
export const makeEventFile = (began: number): EventFile => {
  const records = [tfRecord(encodeVersion(began))]
  return {
    add: (event) => void records.push(tfRecord(encodeEvent(event))),
    bytes: () => Buffer.concat(records),
  }
}

/** The name of a run's file of events. TensorBoard recognises it by `tfevents`. @param began seconds since 1970 */
export const eventFileName = (began: number): string => `events.out.tfevents.${Math.floor(began)}.pwoa`
