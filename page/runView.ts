import { planPairs } from '../src/report/tables/attackSettings.js'
import type { Control } from '../src/ui/messages.js'
import { makeCurvesView } from './curves.js'
import { element, refill, setAttribute, setText } from './element.js'
import { makeLayersView } from './layers.js'
import type { Run } from './runs.js'
import { accuracyTable, attackedTable, factsTable } from './tables.js'
import { makeTimelineView } from './timeline.js'
import { activityOf, figuresOf, stateOf } from './words.js'

/** All details of one run. */
export interface RunView {
  readonly node: HTMLElement
  /** @param several whether the page shows several runs */
  readonly draw: (run: Run, several: boolean) => void
}

/** The view, empty. @param control sends a command to the run; rejects if that fails */
export const makeRunView = (control: (id: string, what: Control) => Promise<void>): RunView => {
  let shown: Run | undefined
  const ask = (what: Control): void => {
    if (shown) control(shown.id, what).catch((thrown: unknown) => setText(answer, String(thrown)))
  }
  const stop = (): void => {
    if (confirm('Stop this run? Its state is saved, so it can be resumed.')) ask('stop')
  }
  const name = element('h2', { class: 'name' })
  const state = element('span', { class: 'badge' })
  const activity = element('p', { class: 'activity' })
  const bar = element('progress', { max: 1, value: 0, 'aria-label': 'Training' })
  const answer = element('span', { role: 'status', class: 'muted' })
  const rest = element('button', {
    type: 'button',
    onclick: () => ask(shown?.facts?.state === 'paused' ? 'proceed' : 'pause'),
  })
  const buttons = element(
    'div',
    { class: 'buttons' },
    rest,
    element('button', { type: 'button', onclick: stop }, 'Stop'),
    answer,
  )
  const tiles = element('dl', { class: 'tiles' })
  const timeline = makeTimelineView()
  const curves = makeCurvesView()
  const layers = makeLayersView()
  const accuracies = element('div')
  const attacks = element('div')
  const pictures = element('div', { class: 'pictures' })
  const evaluations = element('section', {}, element('h2', {}, 'Evaluations'), accuracies, attacks, pictures)
  const warnings = element('ul')
  const warned = element('section', {}, element('h2', {}, 'Warnings'), warnings)
  const plan = element('div')
  const place = element('div')
  const more = [
    element('details', {}, element('summary', {}, 'Plan'), plan),
    element('details', {}, element('summary', {}, 'Environment'), place),
  ]
  const top = element(
    'div',
    { class: 'top' },
    element('div', {}, element('div', { class: 'title' }, name, state), activity),
    buttons,
  )
  const node = element(
    'div',
    {},
    top,
    bar,
    tiles,
    timeline.node,
    evaluations,
    curves.node,
    layers.node,
    warned,
    ...more,
  )

  const drawFacts = (run: Run): void => {
    const { facts } = run
    if (!facts) return
    const { measured, attacked } = facts
    const lately = measured.filter(({ subject }, i) => subject !== 'epoch' || i === measured.length - 1)
    refill(accuracies, lately, () => (lately.length === 0 ? [] : [accuracyTable(lately)]))
    refill(attacks, attacked, () => (attacked.length === 0 ? [] : [element('h3', {}, 'Attacks'), attackedTable(facts)]))
    refill(pictures, run.pictures, () =>
      Object.entries(run.pictures).map(([file, svg]) =>
        element('img', {
          src: `data:image/svg+xml;base64,${svg}`,
          alt: `Adversarial examples: original, perturbation, adversarial image (${file})`,
        }),
      ),
    )
    evaluations.hidden = measured.length + attacked.length === 0
    warned.hidden = facts.warnings.length === 0
    refill(warnings, facts.warnings, () => facts.warnings.map((warning) => element('li', {}, warning)))
    const where = environmentOf(run)
    refill(place, where, () => [factsTable('Environment', where)])
  }
  return {
    node,
    draw: (run, several) => {
      shown = run
      const word = stateOf(run)
      setText(name, run.label)
      setAttribute(name, 'class', several ? 'name' : 'unseen')
      setText(state, word)
      setAttribute(state, 'class', `badge ${run.facts?.state ?? 'starting'}`)
      setText(activity, activityOf(run))
      const { metrics } = run.head ?? {}
      bar.value = metrics ? metrics.step / metrics.steps : 0
      buttons.hidden = run.control === 'none' || ['done', 'stopped', 'failed'].includes(run.facts?.state ?? '')
      setText(rest, word === 'paused' ? 'Go on' : 'Pause')
      const figures = figuresOf(run)
      refill(tiles, figures, () =>
        figures.map(([label, value, note]) =>
          element(
            'div',
            { class: 'tile' },
            element('dt', {}, label),
            element('dd', {}, value, element('span', { class: 'note' }, note)),
          ),
        ),
      )
      timeline.draw(run.facts?.timeline ?? [], Date.now() / 1000)
      curves.draw(run)
      layers.draw(run.weights)
      drawFacts(run)
      const planned = run.plan ? planPairs(run.plan) : []
      refill(plan, planned, () => [factsTable('Plan', planned)])
    },
  }
}

const environmentOf = ({ facts }: Run): readonly (readonly [string, string])[] => {
  const last = facts?.environments.at(-1)?.environment
  return [
    ['engine', (facts?.engine ?? '–').replace(/^engine: /, '')],
    ['data', facts?.data ? `${facts.data.name}, ${facts.data.origin}` : '–'],
    ...(last
      ? ([
          ['pwoa', `${last.pwoa}, Node ${last.node}`],
          [
            'machine',
            `${last.processor}, ${last.cores} cores, ${(last.memory / 2 ** 30).toFixed(0)} GiB, ${last.system}`,
          ],
        ] as const)
      : []),
  ]
}
