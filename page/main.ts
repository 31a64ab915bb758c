import type { Control, PageMessage } from '../src/ui/messages.js'
import { element, setText } from './element.js'
import { type Runs, receive } from './runs.js'
import { makeRunTable } from './runTable.js'
import { makeRunView } from './runView.js'
import { makeSideBySide } from './sideBySide.js'
import { stateOf } from './words.js'

const runs: Runs = new Map()
let chosen: string | undefined
/** The run that the process sends in full. */
let shown: string | undefined
let events: EventSource | undefined
let due = false
/** Whether the process has reported its end. A resumed run may use the same address. */
let ended = false

/** Milliseconds between two attempts to reach a process that has ended. */
const PAUSE = 5000

const control = async (id: string, what: Control): Promise<void> => {
  const response = await fetch(`runs/${id}/${what}`, { method: 'POST' })
  if (!response.ok) throw new Error((await response.text()).trim())
}

const title = element('h1')
const connection = element('p', { role: 'status', class: 'muted connection' }, 'Connecting …')
const announcement = element('p', { 'aria-live': 'polite', class: 'unseen' })
const table = makeRunTable({
  choose: (id) => {
    chosen = id
    draw()
    connect()
  },
  reordered: () => draw(),
})
const sideBySide = makeSideBySide()
const view = makeRunView(control)

const draw = (): void => {
  due = false
  const run = runs.get(chosen ?? '') ?? runs.get(shown ?? '')
  sideBySide.draw(table.draw(runs, run?.id))
  view.node.hidden = !run
  if (!run) return
  view.draw(run, runs.size > 1)
  document.title = `${run.label}: ${stateOf(run)}`
  setText(announcement, `${run.label}: ${stateOf(run)}`)
}

/** Draws at most once per frame, and not while the page is hidden. */
const drawSoon = (): void => {
  if (due || document.hidden) return
  due = true
  requestAnimationFrame(draw)
}

/** Listens to the event stream: the chosen run in full, the others in brief. */
const connect = (): void => {
  events?.close()
  const source = new EventSource(chosen === undefined ? 'events' : `events?run=${encodeURIComponent(chosen)}`)
  events = source
  source.onopen = () => {
    ended = false
    setText(connection, 'Connected')
  }
  source.onerror = () => {
    if (!ended) setText(connection, 'Connection lost; retrying … A run that is resumed has a new address.')
    // The browser retries by itself unless the connection is closed.
    if (!ended && source.readyState !== EventSource.CLOSED) return
    source.close()
    setTimeout(() => {
      if (events === source) connect()
    }, PAUSE)
  }
  source.onmessage = ({ data }: MessageEvent<string>) => {
    const message = JSON.parse(data) as PageMessage
    setText(title, message.title)
    shown = message.shown
    receive(runs, message)
    drawSoon()
  }
  source.addEventListener('over', () => {
    ended = true
    setText(connection, 'The process has ended. This is its last state.')
  })
}

document.addEventListener('visibilitychange', drawSoon)
document
  .getElementById('page')
  ?.replaceChildren(element('header', {}, title, connection), announcement, table.node, sideBySide.node, view.node)
view.node.hidden = true
table.node.hidden = true
sideBySide.node.hidden = true
connect()
