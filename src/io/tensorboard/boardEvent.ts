import protobuf from 'protobufjs'

/** A histogram: the number of values in each bin, and figures of all values. */
export interface BoardHistogram {
  readonly min: number
  readonly max: number
  /** Number of values. */
  readonly num: number
  readonly sum: number
  readonly sumSquares: number
  /** Upper end of each bin. */
  readonly bucketLimit: readonly number[]
  /** Number of values in each bin. */
  readonly bucket: readonly number[]
}

/** A picture. */
export interface BoardImage {
  readonly height: number
  readonly width: number
  /** 1: grey, 3: RGB. */
  readonly colorspace: number
  /** A PNG file. */
  readonly encodedImageString: Uint8Array
}

/** A value with its tag: a number, a histogram or a picture. */
export type BoardValue = { readonly tag: string } & (
  | { readonly simpleValue: number }
  | { readonly histo: BoardHistogram }
  | { readonly image: BoardImage }
)

/** The values of a step: `tensorflow.Event`. */
export interface BoardEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  readonly values: readonly BoardValue[]
}

/** The part of TensorFlow's messages (`event.proto`, `summary.proto`) that is written, by their field numbers. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Histogram {
    double min = 1; double max = 2; double num = 3; double sum = 4; double sum_squares = 5;
    repeated double bucket_limit = 6; repeated double bucket = 7;
  }
  message Image { int32 height = 1; int32 width = 2; int32 colorspace = 3; bytes encoded_image_string = 4; }
  message Value {
    string tag = 1;
    oneof value { float simple_value = 2; Image image = 4; Histogram histo = 5; }
  }
  message Summary { repeated Value value = 1; }
  message Event {
    double wall_time = 1; int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; }
  }
`)

const Event = root.lookupType('Event')

/** The bytes of the first event of every file, which states the version. @param wallTime seconds since 1970 */
export const encodeVersion = (wallTime: number): Uint8Array =>
  Event.encode(Event.fromObject({ wallTime, fileVersion: 'brain.Event:2' })).finish()

/** The bytes of an event. */
export const encodeEvent = ({ wallTime, step, values }: BoardEvent): Uint8Array =>
  Event.encode(Event.fromObject({ wallTime, ...(step === 0 ? {} : { step }), summary: { value: values } })).finish()
