/** A member of a tagged union: its tag says which one. */
interface Tagged {
  readonly type: string
}

/** A handler for each member of the union, by its tag; `A` are further arguments, `R` the result. */
export type Handlers<U extends Tagged, A extends readonly unknown[], R> = {
  readonly [T in U['type']]: (member: Extract<U, { readonly type: T }>, ...rest: A) => R
}

/** The handler of this member. Each handler takes its own member; TypeScript cannot follow that through an index. */
const handlerOf = <U extends Tagged, A extends readonly unknown[], R>(
  handlers: Partial<Handlers<U, A, R>>,
  { type }: U,
): ((member: U, ...rest: A) => R) | undefined =>
  Object.hasOwn(handlers, type) ? (handlers[type as U['type']] as (member: U, ...rest: A) => R) : undefined

/**
 * Calls the handler of a member's tag: `dispatch<Shape, [], number>({ square: ({ side }) => side ** 2, … })` is a function
 * of a shape. The compiler asks for a handler of every member.
 *
 * @throws Error for a tag that is not in the union, which only unchecked data can have
 */
export const dispatch =
  <U extends Tagged, A extends readonly unknown[], R>(handlers: Handlers<U, A, R>) =>
  (member: U, ...rest: A): R => {
    const handler = handlerOf(handlers, member)
    if (handler === undefined) throw new Error(`no handler for "${member.type}"`)
    return handler(member, ...rest)
  }

/** As {@link dispatch}, if only some members matter: returns undefined for the others. */
export const dispatchSome =
  <U extends Tagged, A extends readonly unknown[], R>(handlers: Partial<Handlers<U, A, R>>) =>
  (member: U, ...rest: A): R | undefined =>
    handlerOf(handlers, member)?.(member, ...rest)
