import type { Position, StageState } from '../../dsl/context.js'
import type { RunState } from '../checkpoints/checkpointFile.js'

/** The state of each stage, and the position in the data. */
export interface StateRegistry {
  /** The state that an interrupted run saved for a stage. */
  readonly restore: (stage: string) => StageState | undefined
  /** Registers the function that takes a snapshot of a stage's state. */
  readonly provide: (stage: string, snapshot: () => StageState) => void
  /** Sets the position of the next minibatch. */
  readonly reached: (next: Position) => void
  readonly position: () => Position
  /** The current state of every stage; the restored state of a stage that has not registered yet. */
  readonly take: () => RunState['stages']
}

/** Makes a registry that starts from the state of an interrupted run, or from an empty one. */
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
