import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { type Meter, measuredTrial, quickTrial } from '../../dsl/trial.js'
import { fileVersion, rememberVersion } from '../folder/plan.js'
import { trialSource } from './trialData.js'

/** The stage of the warning that a run is a trial. */
export const TRIAL = 'trial'

const label = ' (quick trial)'

/** The name of a trial: its folder and its titles carry it. */
export const trialName = (name: string): string => `${name}${label}`

/** Whether something that is run is a trial already. */
export const isTrial = ({ name }: { readonly name: string }): boolean => name.endsWith(label)

/**
 * The pipeline as a quick trial, whatever its stages are: over few images, whose `trial` says how far stages shorten their
 * work. Its plan is another one, so that a trial is never continued as a run. The trial of a trial is itself.
 */
export const trialOf = (pipeline: Pipeline<Step>): Pipeline<Step> => {
  if (isTrial(pipeline)) return pipeline
  const trial = pipeline.over(trialSource(pipeline.source, quickTrial), trialName(pipeline.name))
  const version = fileVersion(pipeline)
  if (version !== undefined) rememberVersion(trial, version)
  return trial
}

/** The pipeline as a trial that measures: a few steps of each phase, and a batch of each attack, at full size. */
export const measuredTrialOf = (pipeline: Pipeline<Step>, meter: Meter): Pipeline<Step> =>
  pipeline.over(trialSource(pipeline.source, measuredTrial, meter), trialName(pipeline.name))
