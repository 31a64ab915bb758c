import protobuf from 'protobufjs'

/** `DT_FLOAT` of TensorFlow's `DataType`. */
export const FLOAT = 1

/** `DT_DOUBLE` of TensorFlow's `DataType`. */
export const DOUBLE = 2

/** `DT_INT32` of TensorFlow's `DataType`. */
export const INT32 = 3

/** The value of a node's attribute, one field of `tensorflow.AttrValue`. */
export type AttributeValue =
  | { readonly type: number }
  | { readonly s: Uint8Array }
  | { readonly i: number }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly shape: { readonly unknownRank: true } }
  | { readonly list: { readonly i: readonly number[] } }
  | {
      readonly tensor: {
        readonly dtype: number
        readonly tensorShape: { readonly dim: readonly { readonly size: number }[] }
        readonly tensorContent: Uint8Array
      }
    }

/** An operation of a graph: `tensorflow.NodeDef`. */
export interface GraphNodeDef {
  readonly name: string
  readonly op: string
  /** Names of inputs, each `node` or `node:output`. */
  readonly input: readonly string[]
  readonly attr: Readonly<Record<string, AttributeValue>>
}

/** The parts of TensorFlow's messages that a graph needs, with TensorFlow's field numbers. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Dim { int64 size = 1; }
  message Shape { repeated Dim dim = 2; bool unknown_rank = 3; }
  message Tensor { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; }
  message List { repeated int64 i = 3; }
  message Attribute {
    oneof value { List list = 1; bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; Shape shape = 7; Tensor tensor = 8; }
  }
  message Node { string name = 1; string op = 2; repeated string input = 3; map<string, Attribute> attr = 5; }
  message Versions { int32 producer = 1; }
  message Graph { repeated Node node = 1; Versions versions = 4; }
  message Info { repeated string tags = 4; }
  message MetaGraph { Info meta_info_def = 1; Graph graph_def = 2; }
  message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }
`)

const SavedModel = root.lookupType('SavedModel')

/** The tag under which TensorFlow finds the graph in its file. */
export const TAG = 'serve'

/** The graph version of TensorFlow 2.15, which fixes the meaning of the ops. */
const PRODUCER = 1645

/** A graph as the bytes of a `saved_model.pb`, which TensorFlow's C library loads as a session. */
export const encodeSavedModel = (node: readonly GraphNodeDef[]): Uint8Array =>
  SavedModel.encode(
    SavedModel.fromObject({
      savedModelSchemaVersion: 1,
      metaGraphs: [{ metaInfoDef: { tags: [TAG] }, graphDef: { node, versions: { producer: PRODUCER } } }],
    }),
  ).finish()
