import type { Stretch } from '../src/report/figures/runView.js'
import { formatSeconds } from '../src/report/tables/format.js'
import { element, refill } from './element.js'

/** A run's time as a band of stretches, with the totals as text. */
export interface TimelineView {
  readonly node: HTMLElement
  /** @param now seconds since 1970: the end of a stretch that lasts */
  readonly draw: (stretches: readonly Stretch[], now: number) => void
}

const names: Readonly<Record<string, string>> = {
  admm: 'ADMM',
  retrain: 'retraining',
  train: 'training',
  prune: 'pruning',
  before: 'evaluation before',
  after: 'evaluation after',
  epoch: 'evaluation',
  paused: 'paused',
}

/** The view, empty. */
export const makeTimelineView = (): TimelineView => {
  const band = element('div', { class: 'band', 'aria-hidden': 'true' })
  const words = element('ul', { class: 'legend' })
  const node = element('section', {}, element('h2', {}, 'Time'), band, words)
  return {
    node,
    draw: (stretches, now) => {
      node.hidden = stretches.length === 0
      const first = stretches[0]?.from ?? now
      const last = Math.max(...stretches.map(({ to }) => to ?? now), first + 1)
      const place = (at: number): string => ((100 * (at - first)) / (last - first)).toFixed(2)
      const parts = stretches.map(({ kind, label, from, to }) => ({
        kind: kindOf(kind, label),
        left: place(from),
        width: (Number(place(to ?? now)) - Number(place(from))).toFixed(2),
        title: `${names[label] ?? label}: ${formatSeconds((to ?? now) - from)}`,
      }))
      refill(band, parts, () =>
        parts.map(({ kind, left, width, title }) => {
          const part = element('span', { class: `stretch ${kind}`, title })
          part.style.left = `${left}%`
          part.style.width = `max(2px, ${width}%)`
          return part
        }),
      )
      const totals = totalsOf(stretches, now)
      refill(words, totals, () =>
        totals.map(({ kind, text }) =>
          element('li', {}, element('span', { class: `dot ${kind}`, 'aria-hidden': 'true' }), text),
        ),
      )
    },
  }
}

const kindOf = (kind: Stretch['kind'], label: string): string =>
  kind === 'phase' ? `phase-${Object.hasOwn(names, label) ? label : 'train'}` : kind

const totalsOf = (stretches: readonly Stretch[], now: number) => {
  const seconds = new Map<string, { readonly kind: string; readonly seconds: number }>()
  for (const { kind, label, from, to } of stretches) {
    const name = names[label] ?? label
    const before = seconds.get(name)?.seconds ?? 0
    seconds.set(name, { kind: kindOf(kind, label), seconds: before + (to ?? now) - from })
  }
  return [...seconds].map(([name, { kind, seconds: total }]) => ({ kind, text: `${name} ${formatSeconds(total)}` }))
}
