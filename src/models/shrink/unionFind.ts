/**
 * Sets of numbers that are joined step by step. The root of a set is its smallest number.
 *
 * Source: Tarjan, "Efficiency of a Good But Not Linear Set Union Algorithm", JACM 1975.
 */
export class UnionFind {
  readonly #parents: number[] = []

  /** Adds a set of one number. @returns that number: the count of those before it */
  add(): number {
    return this.#parents.push(this.#parents.length) - 1
  }

  /** The smallest number of the set that holds a number. */
  rootOf(member: number): number {
    let root = member
    while (this.#parentOf(root) !== root) root = this.#parentOf(root)
    for (let at = member; at !== root; ) {
      const next = this.#parentOf(at)
      this.#parents[at] = root
      at = next
    }
    return root
  }

  /** Makes two sets one. */
  join(a: number, b: number): void {
    const [one, other] = [this.rootOf(a), this.rootOf(b)]
    this.#parents[Math.max(one, other)] = Math.min(one, other)
  }

  #parentOf(member: number): number {
    return this.#parents[member] ?? member
  }
}
