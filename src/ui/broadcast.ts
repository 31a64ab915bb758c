import type { ServerResponse } from 'node:http'
import type { Show } from './show.js'

/** Sends every page what it shows: everything when it connects, then the changes, a few times per second. */
export interface Broadcast {
  /** Adds a page. @param chosen id of the run that it shows in full; undefined for the newest */
  readonly listen: (response: ServerResponse, chosen: string | undefined) => void
  /** Sends the last changes and ends all connections. */
  readonly close: () => Promise<void>
}

/** Milliseconds between two messages to a page. */
const INTERVAL = 250

/** Intervals without changes after which a comment is sent, so that a dead connection is noticed. */
const SILENCE = 60

/** Unsent bytes above which a page receives no messages until it has caught up. */
const MOST_WAITING = 4_000_000

interface Page {
  readonly chosen: string | undefined
  state: 'up to date' | 'behind'
}

/** Broadcasts as server-sent events: the page reconnects by itself. */
export const makeBroadcast = (show: Show): Broadcast => {
  const pages = new Map<ServerResponse, Page>()
  let ticks = 0

  const send = (response: ServerResponse, page: Page, data: string): void => {
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
        send(response, page, line(show.all(page.chosen)))
      } else if (changes) send(response, page, line(changes(page.chosen)))
      else if (ticks % SILENCE === 0) send(response, page, ': here\n\n')
    }
  }
  const timer = setInterval(tick, INTERVAL)
  timer.unref()
  return {
    listen: (response, chosen) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      pages.set(response, { chosen, state: 'up to date' })
      response.on('close', () => pages.delete(response))
      // The browser retries a lost connection after a second.
      response.write(`retry: 1000\n\n${line(show.all(chosen))}`)
    },
    close: async () => {
      clearInterval(timer)
      tick()
      await Promise.race([Promise.all([...pages.keys()].map(farewell)), patience()])
    },
  }
}

/** Resolves when a page has received the end, or has disconnected. */
const farewell = (page: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    page.on('finish', resolve).on('close', resolve)
    page.end('event: over\ndata: {}\n\n')
  })

/** Waits for pages that do not read, for a second. */
const patience = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 1000)
  })

const line = (message: object): string => `data: ${JSON.stringify(message)}\n\n`
