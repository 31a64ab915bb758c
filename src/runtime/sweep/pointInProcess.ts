import { readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { RunEvent } from '../../dsl/events.js'
import type { RunHandle } from '../../dsl/run.js'
import { runInFolder } from '../runInFolder.js'
import type { PointProgress } from './pointMessages.js'
import type { PointOutcome, RunPoint } from './runPoint.js'

/** Begins the point's run, or goes on with it where it was begun before. */
export const pointInProcess: RunPoint = ({ pipeline }, { folder, seed, options }, told) => {
  const run = runInFolder(pipeline, folder, { ...options, seed })
  tellProgress(run, told)
  return { outcome: outcomeOf(run), stop: run.stop }
}

const outcomeOf = async ({ folder, result }: RunHandle): Promise<PointOutcome> => {
  const ended = await result
  if (isLeft(ended)) return { type: 'failed', error: ended.left }
  await removeCheckpoints(folder)
  return { type: 'done', summary: ended.right }
}

/** What is done is not gone on with, and a study of many runs has many checkpoints. The best one stays. */
const removeCheckpoints = async (folder: string): Promise<void> => {
  const place = join(folder, 'checkpoints')
  const names = namesIn(place)
  for (const name of names) if (name.startsWith('step-')) await rm(join(place, name), { force: true })
}

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Milliseconds between two tellings: more often nobody reads. */
const PAUSE = 250

const tellProgress = (run: RunHandle, told: (progress: PointProgress) => void): void => {
  let last = Number.NEGATIVE_INFINITY
  const tell = (progress: () => PointProgress): void => {
    const now = performance.now()
    if (now - last < PAUSE) return
    last = now
    told(progress())
  }
  run.metrics$.subscribe(({ phase, epoch, epochs, step, steps, loss }) =>
    tell(() => ({ type: 'training', phase, epoch, epochs, step, steps, loss })),
  )
  run.events$.subscribe((event: RunEvent) => {
    if (event.type === 'warning') told({ type: 'warning', stage: event.stage, message: event.message })
    if (event.type !== 'evaluating') return
    const { subject, attack, done, total } = event
    tell(() => ({ type: 'evaluating', subject, attack, done, total }))
  })
}
