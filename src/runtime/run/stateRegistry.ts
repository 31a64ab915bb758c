import type { Position, StageState } from '../../dsl/context.js'
import type { RunState } from '../checkpoints/checkpointFile.js'

/** Knows how to take down each stage's state, and where the reading of the data stands. */
export interface StateRegistry {
  readonly restore: (stage: string) => StageState | undefined
  readonly provide: (stage: string, snapshot: () => StageState) => void
  readonly reached: (next: Position) => void
  readonly position: () => Position
  /** Every stage's state now; one that has not provided any yet keeps what was restored for it. */
  readonly take: () => RunState['stages']
}

/** A registry that starts from what an interrupted run left, or from nothing. */
export const makeStateRegistry = (restored: RunState): StateRegistry => {
  const snapshots = new Map<string, () => StageState>()
  let position = restored.position
  return {
    restore: (stage) => restored.stages[stage],
    provide: (stage, snapshot) => void snapshots.set(stage, snapshot),
    reached: (next) => {
      position = next
    },
    position: () => position,
    take: () => ({
      ...restored.stages,
      ...Object.fromEntries([...snapshots].map(([stage, snapshot]) => [stage, snapshot()])),
    }),
  }
}
