import { refuse } from '../../files/refusal.js'

/** The state dict of `torch.export.save`: of PyTorch 2.1 to 2.6, and of 2.7 and 2.8, whose archives hold models by name. */
const STATE_DICT = /^(?:[^/]+\/)?(?:serialized_state_dict\.pt|data\/weights\/[^/]+\.pt)$/

/** Of later versions, which keep each weight in a file of its own. */
const SEPARATE = /^(?:[^/]+\/)?data\/weights\/[^/]*config\.json$/

/** What shows that an archive was written by `torch.export`. */
const PROGRAM = /^(?:[^/]+\/)?(?:serialized_exported_program\.json|models\/[^/]+\.json)$/

/**
 * The entry of a `torch.export` archive (.pt2) that is a PyTorch file of its state dict; undefined for another archive. Its
 * program is never read.
 *
 * @throws Refusal for an archive of several state dicts, or of none that can be read
 */
export const stateDictEntry = (names: readonly string[]): string | undefined => {
  if (!names.some((name) => PROGRAM.test(name))) return undefined
  const [first, second] = names.filter((name) => STATE_DICT.test(name))
  const hint = 'Save its state dict: torch.save(torch.export.load(path).state_dict, new_path).'
  if (first === undefined)
    return refuse(
      'a torch.export archive with a state dict',
      names.some((name) => SEPARATE.test(name)) ? 'one with a file for each weight' : 'one without',
      hint,
    )
  return second === undefined ? first : refuse('a torch.export archive of one program', 'several', hint)
}
