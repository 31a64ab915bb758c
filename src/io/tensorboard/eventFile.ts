import { type BoardEvent, encodeEvent, encodeVersion } from './boardEvent.js'
import { tfRecord } from './tfRecord.js'

/** A file of events as it grows. */
export interface EventFile {
  readonly add: (event: BoardEvent) => void
  /** Its contents so far. */
  readonly bytes: () => Uint8Array
}

/** @param began seconds since 1970 */
export const makeEventFile = (began: number): EventFile => {
  const records = [tfRecord(encodeVersion(began))]
  return {
    add: (event) => void records.push(tfRecord(encodeEvent(event))),
    bytes: () => Buffer.concat(records),
  }
}

/** The name of a run's file of events, by which TensorBoard knows it. */
export const eventFileName = (began: number): string => `events.out.tfevents.${Math.floor(began)}.pwoa`
