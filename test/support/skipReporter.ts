import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** Why a test was skipped; undefined for one that a filter of the command left out. */
const reasonOf = (test: TestCase): string | undefined => {
  const result = test.result()
  return test.meta().skipped ?? (result.state === 'skipped' ? result.note : undefined)
}

/** At the end of a run: how many tests were skipped, by reason. */
export class SkipReporter implements Reporter {
  readonly #leftOut: readonly string[]

  /** @param leftOut further tests that were left out, one line for each group */
  constructor(leftOut: readonly string[]) {
    this.#leftOut = leftOut
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>()
    for (const test of modules.flatMap(({ children }) => [...children.allTests('skipped')])) {
      const reason = reasonOf(test)
      if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1)
    }
    const lines = [...counts].toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${count} skipped: ${reason}`)
    for (const line of [...this.#leftOut, ...lines]) process.stdout.write(`test: ${line}\n`)
  }
}
