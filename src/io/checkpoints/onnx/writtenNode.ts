import { attributeTypes, type OnnxNode, type Written } from './graph/messages.js'

/** A node of a graph to be written. */
export type WrittenNode = Written<OnnxNode>

/** An attribute of a node to be written. */
export type WrittenAttribute = NonNullable<WrittenNode['attribute']>[number]

/** Where a layer is in the graph to be written: its id, and the names of its inputs and its output. */
export interface Place {
  readonly id: string
  readonly inputs: readonly string[]
  readonly output: string
}

/** A float as an attribute. */
export const float = (name: string, f: number): WrittenAttribute => ({ name, f, type: attributeTypes.float })

/** A whole number as an attribute. */
export const integer = (name: string, i: number): WrittenAttribute => ({ name, i, type: attributeTypes.int })

/** Whole numbers as an attribute. */
export const integers = (name: string, ints: readonly number[]): WrittenAttribute => ({
  name,
  ints,
  type: attributeTypes.ints,
})

/** A text as an attribute. */
export const string = (name: string, value: string): WrittenAttribute => ({
  name,
  s: Buffer.from(value),
  type: attributeTypes.string,
})

/** Numbers as an attribute. */
export const floats = (name: string, values: readonly number[]): WrittenAttribute => ({
  name,
  floats: values,
  type: attributeTypes.floats,
})

/** A node at a place, which reads the place's inputs and then the parameters. */
export const writtenNode = (
  opType: string,
  { id, inputs, output }: Place,
  parameters: readonly string[] = [],
  attribute: readonly WrittenAttribute[] = [],
): WrittenNode => ({ opType, name: id, input: [...inputs, ...parameters], output: [output], attribute })

/** A node `Constant`. @param attribute its value */
export const constantNode = (name: string, attribute: WrittenAttribute): WrittenNode =>
  writtenNode('Constant', { id: name, inputs: [], output: name }, [], [attribute])
