import type { Certificate } from '../../dsl/certificates.js'
import { drawnRadius } from '../../dsl/kit/radius.js'
import { formatCount, formatPercent } from './format.js'
import type { Table } from './resultTable.js'

/** What is proved of the networks of a run: lower bounds of robust accuracy. */
export const certificateTable = (certificates: readonly Certificate[]): Table => ({
  header: ['certified', 'clean', 'robust, at least', 'unstable ReLUs', 'test images', 'seconds'],
  rows: certificates.map(({ subject, norm, epsilon, clean, certified, unstable, examples, seconds }) => [
    `${subject}, ${norm} ${drawnRadius(epsilon)}`,
    formatPercent(clean),
    formatPercent(certified),
    formatPercent(unstable),
    formatCount(examples),
    seconds.toFixed(1),
  ]),
})
