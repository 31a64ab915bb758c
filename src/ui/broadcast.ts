import type { ServerResponse } from 'node:http'
import type { Show } from './show.js'

/** Tells every page what it shows: all of it when it comes, then what changes, a few times a second. */
export interface Broadcast {
  /** A page that listens from now on. @param chosen the run that it wants to see in full */
  readonly listen: (response: ServerResponse, chosen: string | undefined) => void
  /** Tells what is left, and lets all pages go. */
  readonly close: () => Promise<void>
}

/** How often a page is told what is new, in milliseconds: as often as a figure can be read. */
const INTERVAL = 250

/** Ticks between two signs of life, so that a page notices a connection that is dead. */
const SILENCE = 60

/** Bytes on their way to a page beyond which it is left alone until it has caught up. */
const MOST_WAITING = 4_000_000

interface Page {
  readonly chosen: string | undefined
  state: 'up to date' | 'behind'
}

/** Server-sent events: the page reconnects by itself. */
export const makeBroadcast = (show: Show): Broadcast => {
  const pages = new Map<ServerResponse, Page>()
  let ticks = 0

  const tell = (response: ServerResponse, page: Page, data: string): void => {
    if (response.writableLength > MOST_WAITING) page.state = 'behind'
    else response.write(data)
  }
  const tick = (): void => {
    if (pages.size === 0) return
    ticks += 1
    const changes = show.changes()
    for (const [response, page] of pages) {
      if (page.state === 'behind') {
        if (response.writableLength > 0) continue
        page.state = 'up to date'
        tell(response, page, line(show.all(page.chosen)))
      } else if (changes) tell(response, page, line(changes(page.chosen)))
      else if (ticks % SILENCE === 0) tell(response, page, ': here\n\n')
    }
  }
  const timer = setInterval(tick, INTERVAL)
  timer.unref()
  return {
    listen: (response, chosen) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      pages.set(response, { chosen, state: 'up to date' })
      response.on('close', () => pages.delete(response))
      // A connection that is lost is looked for again after a second.
      response.write(`retry: 1000\n\n${line(show.all(chosen))}`)
    },
    close: async () => {
      clearInterval(timer)
      tick()
      await Promise.race([Promise.all([...pages.keys()].map(farewell)), patience()])
    },
  }
}

/** Resolves when a page has been told that it is over, or has gone. */
const farewell = (page: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    page.on('finish', resolve).on('close', resolve)
    page.end('event: over\ndata: {}\n\n')
  })

/** How long a page that does not read is waited for. */
const patience = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 1000)
  })

const line = (message: object): string => `data: ${JSON.stringify(message)}\n\n`
