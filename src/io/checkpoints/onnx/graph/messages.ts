import * as t from 'io-ts'
import protobuf from 'protobufjs'
import { codecOf } from '../../../../dsl/kit/codecOf.js'
import { decoded } from '../../../files/decoded.js'
import { ReadBudget } from '../../../files/readBudget.js'
import { clipped, Refusal, refuse } from '../../../files/refusal.js'
import { scanFields } from './fieldScan.js'

/** The numbers of `onnx.TensorProto.DataType` that the reader converts. */
export const dataTypes = {
  float: 1,
  uint8: 2,
  int8: 3,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  bfloat16: 16,
} as const

/** The numbers of `onnx.AttributeProto.AttributeType`. */
export const attributeTypes = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  'sparse tensor': 11,
  'sparse tensors': 12,
  type: 13,
  types: 14,
} as const

/** `onnx.TensorProto.DataLocation` of a tensor in another file; 0 for a tensor in the message. */
export const EXTERNAL = 1

/**
 * The part of ONNX's messages that a network needs, by their field numbers. Packed numbers of tensors are declared as
 * bytes, which they are in the encoding: read as numbers they would take several times the memory of the file.
 */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Entry { string key = 1; string value = 2; }
  message Segment { int64 begin = 1; int64 end = 2; }
  message Tensor {
    repeated int64 dims = 1; int32 data_type = 2; Segment segment = 3; repeated bytes float_data = 4;
    repeated bytes int32_data = 5; repeated bytes string_data = 6; repeated bytes int64_data = 7; string name = 8;
    bytes raw_data = 9; repeated bytes double_data = 10; repeated bytes uint64_data = 11;
    repeated Entry external_data = 13; int32 data_location = 14;
  }
  message Attribute {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; Tensor t = 5; repeated float floats = 7;
    repeated int64 ints = 8; int32 type = 20; string ref_attr_name = 21;
  }
  message Node {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated Attribute attribute = 5; string domain = 7; string overload = 8;
  }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11;
    repeated ValueInfo output = 12; repeated Tensor sparse_initializer = 15;
  }
  message OperatorSet { string domain = 1; int64 version = 2; }
  message Function {
    string name = 1; repeated string input = 4; repeated string output = 5; repeated Node node = 7;
    repeated OperatorSet opset_import = 9; string domain = 10; repeated Attribute attribute_proto = 11;
    string overload = 13;
  }
  message Model {
    int64 ir_version = 1; string producer_name = 2; Graph graph = 7; repeated OperatorSet opset_import = 8;
    repeated Function functions = 25;
  }
`)

root.resolveAll()
const Model = root.lookupType('Model')

const Bytes = codecOf('bytes', (value): value is Uint8Array => value instanceof Uint8Array)
const Entry = t.type({ key: t.string, value: t.string })
const TensorCodec = t.type({
  dims: t.array(t.number),
  dataType: t.number,
  segment: t.unknown,
  floatData: t.array(Bytes),
  int32Data: t.array(Bytes),
  stringData: t.array(Bytes),
  int64Data: t.array(Bytes),
  name: t.string,
  rawData: Bytes,
  doubleData: t.array(Bytes),
  uint64Data: t.array(Bytes),
  externalData: t.array(Entry),
  dataLocation: t.number,
})
const AttributeCodec = t.type({
  name: t.string,
  f: t.number,
  i: t.number,
  s: Bytes,
  t: t.union([TensorCodec, t.null]),
  floats: t.array(t.number),
  ints: t.array(t.number),
  type: t.number,
  refAttrName: t.string,
})
const NodeCodec = t.type({
  input: t.array(t.string),
  output: t.array(t.string),
  name: t.string,
  opType: t.string,
  attribute: t.array(AttributeCodec),
  domain: t.string,
  overload: t.string,
})
const Dimension = t.union([t.type({ dimValue: t.number }), t.type({ dimParam: t.string }), t.type({})])
const Shape = t.type({ dim: t.array(Dimension) })
const TensorType = t.type({ elemType: t.number, shape: t.union([Shape, t.null]) })
const ValueInfo = t.type({
  name: t.string,
  type: t.union([t.type({ tensorType: t.union([TensorType, t.null]) }), t.null]),
})
const GraphCodec = t.type({
  node: t.array(NodeCodec),
  name: t.string,
  initializer: t.array(TensorCodec),
  input: t.array(ValueInfo),
  output: t.array(ValueInfo),
  sparseInitializer: t.array(t.unknown),
})
const OperatorSets = t.array(t.type({ domain: t.string, version: t.number }))
const FunctionCodec = t.type({
  name: t.string,
  input: t.array(t.string),
  output: t.array(t.string),
  node: t.array(NodeCodec),
  opsetImport: OperatorSets,
  domain: t.string,
  attributeProto: t.array(AttributeCodec),
  overload: t.string,
})
const ModelCodec = t.type({
  irVersion: t.number,
  producerName: t.string,
  graph: t.union([GraphCodec, t.null]),
  opsetImport: OperatorSets,
  functions: t.array(FunctionCodec),
})

/** `onnx.TensorProto`. */
export type OnnxTensor = t.TypeOf<typeof TensorCodec>
/** `onnx.NodeProto`. */
export type OnnxNode = t.TypeOf<typeof NodeCodec>
/** `onnx.GraphProto`. */
export type OnnxGraph = t.TypeOf<typeof GraphCodec>
/** `onnx.FunctionProto`. */
export type OnnxFunction = t.TypeOf<typeof FunctionCodec>
/** `onnx.ModelProto`. */
export type OnnxModel = t.TypeOf<typeof ModelCodec>

/** The fields of a message that are written; the others have their defaults. */
export type Written<M> = M extends Uint8Array
  ? M
  : M extends readonly (infer E)[]
    ? readonly Written<E>[]
    : M extends object
      ? { readonly [K in keyof M]?: Written<M[K]> }
      : M

/** The bytes of a model. */
export const encodeModel = (model: Written<OnnxModel>): Uint8Array => Model.encode(Model.fromObject(model)).finish()

/**
 * The model in the bytes of a file. The bytes of its tensors are views of the file's bytes.
 *
 * @param budget counts what the messages take, before they are made
 * @throws Refusal if the bytes are not an ONNX model, or one of too many parts
 */
export const decodeModel = (bytes: Uint8Array, budget = new ReadBudget(bytes.length)): OnnxModel => {
  const expected = 'an ONNX model'
  let message: protobuf.Message
  try {
    scanFields(bytes, Model, budget)
    message = Model.decode(bytes)
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown
    return refuse(expected, `a file that is cut off or corrupt (${clipped(String(thrown))})`)
  }
  const plain = Model.toObject(message, { longs: Number, defaults: true, oneofs: false })
  return decoded(ModelCodec, plain, expected, () => 'another kind of message')
}
