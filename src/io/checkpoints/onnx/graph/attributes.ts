import { quoted } from '../../../files/refusal.js'
import { attributeTypes, type OnnxNode } from './messages.js'
import { shapeText } from './tensor.js'

/** The types of attributes that operators here have. */
type AttributeType = 'int' | 'float' | 'string' | 'ints' | 'floats' | 'tensor'

/** An attribute that is understood. */
export interface AttributeRule<T extends AttributeType = AttributeType> {
  readonly type: T
  /** The value if a node does not have the attribute. @default the node has none */
  readonly otherwise?: number | string
  /** The values that are understood, in words, and the test for them. @default all values of the type */
  readonly accepts?: { readonly words: string; readonly test: (value: AttributeValue) => boolean }
  /** The first opset with the attribute. @default 7, the first that is read */
  readonly since?: number
  /** The last opset with the attribute. @default the newest */
  readonly until?: number
}

/** The attributes of an operator that are understood, by name. */
export type AttributeRules = Readonly<Record<string, AttributeRule>>

/** An attribute's value; that of a tensor is read when it is needed. */
export type AttributeValue = number | string | readonly number[] | 'tensor'

type Attribute = OnnxNode['attribute'][number]

/** What is wrong with a node's attributes, for an error. */
export interface WrongAttribute {
  readonly expected: string
  readonly actual: string
}

/** The first attribute of a node that is not understood in this opset; undefined if all are. */
export const wrongAttribute = (node: OnnxNode, rules: AttributeRules, opset: number): WrongAttribute | undefined => {
  const seen = new Set<string>()
  for (const attribute of node.attribute) {
    const wrong = seen.has(attribute.name)
      ? { expected: 'each attribute once', actual: `${quoted(attribute.name)} twice` }
      : wrongIn(attribute, rules, opset)
    if (wrong) return wrong
    seen.add(attribute.name)
  }
  return undefined
}

const wrongIn = (attribute: Attribute, rules: AttributeRules, opset: number): WrongAttribute | undefined => {
  const name = quoted(attribute.name)
  const known = Object.keys(rules).filter((each) => isIn(rules[each], opset))
  const rule = Object.hasOwn(rules, attribute.name) ? rules[attribute.name] : undefined
  if (!rule || !isIn(rule, opset))
    return {
      expected: known.length > 0 ? `attributes among ${known.join(', ')}` : 'no attributes',
      actual: rule ? `${name}, which is an attribute ${opsetsOf(rule)}` : name,
    }
  if (attribute.type !== attributeTypes[rule.type])
    return { expected: `attribute ${name} of type ${rule.type}`, actual: `type ${typeOf(attribute)}` }
  const value = valueOf(attribute, rule.type)
  if (!rule.accepts || rule.accepts.test(value)) return undefined
  return { expected: `attribute ${name} of ${rule.accepts.words}`, actual: textOf(value) }
}

const isIn = (rule: AttributeRule | undefined, opset: number): boolean =>
  rule !== undefined && opset >= (rule.since ?? 0) && opset <= (rule.until ?? Number.POSITIVE_INFINITY)

const opsetsOf = ({ since, until }: AttributeRule): string =>
  [
    ...(since === undefined ? [] : [`from opset ${since}`]),
    ...(until === undefined ? [] : [`up to opset ${until}`]),
  ].join(' ')

const typeOf = ({ type }: Attribute): string =>
  Object.entries(attributeTypes).find(([, number]) => number === type)?.[0] ?? `${type}`

const valueOf = (attribute: Attribute, type: AttributeType): AttributeValue => {
  switch (type) {
    case 'int':
      return attribute.i
    case 'float':
      return attribute.f
    case 'string':
      return Buffer.from(attribute.s).toString('latin1')
    case 'ints':
      return attribute.ints
    case 'floats':
      return attribute.floats
    case 'tensor':
      return 'tensor'
  }
}

const textOf = (value: AttributeValue): string =>
  typeof value === 'number' ? `${value}` : typeof value === 'string' ? quoted(value) : shapeText(value.slice(0, 16))
