import { refuse } from '../../files/refusal.js'

/** The state dict of `torch.export.save`: of PyTorch 2.1 to 2.7, and of 2.8, whose archives hold models by name. */
const STATE_DICT = /^(?:[^/]+\/)?(?:serialized_state_dict\.pt|data\/weights\/[^/]+\.pt)$/

/** Of PyTorch 2.9 and later, which list the weights of a model in JSON and keep each in a file of its own. */
const LIST = /^(?:[^/]+\/)?data\/weights\/[^/]+_weights_config\.json$/

/** What shows that an archive was written by `torch.export`. */
const PROGRAM = /^(?:[^/]+\/)?(?:serialized_exported_program\.json|models\/[^/]+\.json)$/

/** Where the weights of a program are: in a PyTorch file within the archive, or in files that a list names. */
export interface WeightsEntry {
  readonly kind: 'state dict' | 'list'
  /** The entry of the PyTorch file, or of the list. */
  readonly name: string
}

/**
 * Where the weights of a `torch.export` archive (.pt2) are; undefined for another archive. Its program is never read.
 *
 * @throws Refusal for an archive with the weights of several programs, or of none
 */
export const weightsEntry = (names: readonly string[]): WeightsEntry | undefined => {
  if (!names.some((name) => PROGRAM.test(name))) return undefined
  const [first, second] = names.flatMap((name): WeightsEntry[] => {
    if (STATE_DICT.test(name)) return [{ kind: 'state dict', name }]
    return LIST.test(name) ? [{ kind: 'list', name }] : []
  })
  const hint = 'Save its state dict: torch.save(torch.export.load(path).state_dict, new_path).'
  if (first === undefined) return refuse('a torch.export archive with weights', 'one without', hint)
  return second === undefined ? first : refuse('a torch.export archive of one program', 'several', hint)
}
