import * as t from 'io-ts'
import { drawnJson } from './drawn.js'

/** The first field of a value that its codec refuses. */
export interface WrongField {
  /** Where it is: `loss`, `sizes.before[0].flops`; empty if the value as a whole is refused. */
  readonly path: string
  /** What the codec accepts there, as a noun phrase. */
  readonly expected: string
  /** What is there. */
  readonly actual: string
}

/** What a codec that refused a value has found. */
export const wrongField = ([first]: t.Errors): WrongField => {
  const context = first ? withoutChoice(first.context) : []
  const last = context.at(-1)
  const path = pathOf(context)
  const tag = last && unknownTag(last)
  if (tag) return { path: path === '' ? tag.key : `${path}.${tag.key}`, expected: 'a known type', actual: tag.actual }
  return { path, expected: last ? wordsOf(last.type) : 'another value', actual: drawnJson(last?.actual) }
}

const tagNames = ['type', '_tag'] as const

/** The tag of an object that matches no member of a tagged union. */
const unknownTag = ({ type, actual }: t.ContextEntry): { key: string; actual: string } | undefined => {
  const union = bare(type)
  if (!(union instanceof t.UnionType) || !t.UnknownRecord.is(actual)) return undefined
  const key = tagNames.find((name) => hasTag(union, name))
  return key === undefined ? undefined : { key, actual: drawnJson(actual[key]) }
}

const hasTag = (type: AnyDecoder, tag: string): boolean => {
  const one = bare(type)
  if (one instanceof t.UnionType) return one.types.every((member: AnyDecoder) => hasTag(member, tag))
  if (one instanceof t.IntersectionType) return one.types.some((member: AnyDecoder) => hasTag(member, tag))
  return one instanceof t.InterfaceType && one.props[tag] instanceof t.LiteralType
}

/** If every member of a union refuses a value, the union is meant and not its first member. */
const withoutChoice = (context: t.Context): t.Context =>
  bare(context.at(-2)?.type) instanceof t.UnionType ? context.slice(0, -1) : context

const pathOf = (context: t.Context): string =>
  context
    .map(({ key }, i) => {
      const parent = bare(context[i - 1]?.type)
      // The members of unions and intersections have numbers, but they are no fields.
      if (parent === undefined || parent instanceof t.UnionType || parent instanceof t.IntersectionType) return ''
      return parent instanceof t.ArrayType || parent instanceof t.ReadonlyArrayType ? `[${key}]` : `.${key}`
    })
    .join('')
    .replace(/^\./, '')

type AnyDecoder = t.Decoder<unknown, unknown>

/** A codec without the wrappers that only concern its type. */
const bare = (type: AnyDecoder | undefined): AnyDecoder | undefined =>
  type instanceof t.ReadonlyType || type instanceof t.ExactType ? bare(type.type) : type

const wordsOf = (type: AnyDecoder): string => {
  const one = bare(type) ?? type
  if (one instanceof t.NumberType) return 'a number'
  if (one instanceof t.StringType) return 'a text'
  if (one instanceof t.BooleanType) return 'true or false'
  if (one instanceof t.UndefinedType) return 'nothing'
  if (one instanceof t.LiteralType) return JSON.stringify(one.value)
  if (one instanceof t.ArrayType || one instanceof t.ReadonlyArrayType || one instanceof t.TupleType) return 'a list'
  if (objects.some((kind) => one instanceof kind)) return 'an object'
  // A union without a name of its own is called `(A | B)` by io-ts.
  if (one instanceof t.UnionType && one.name.startsWith('('))
    return [...new Set(one.types.map((member: AnyDecoder) => wordsOf(member)))].join(' or ')
  return one.name
}

const objects = [t.InterfaceType, t.PartialType, t.DictionaryType, t.AnyDictionaryType, t.IntersectionType]
