import { distance } from 'fastest-levenshtein'

/** The known word that a misspelt one most likely means: the nearest by inserted, deleted and replaced letters. */
export const nearestOf = (word: string, known: readonly string[]): string | undefined =>
  known.toSorted((a, b) => distance(word, a) - distance(word, b))[0]

/** The same if it is near: it begins with the word, or differs in at most half of its letters. Otherwise undefined. */
export const nearOf = (word: string, known: readonly string[]): string | undefined => {
  const begun = known.find((name) => word !== '' && name.toLowerCase().startsWith(word.toLowerCase()))
  return (
    begun ??
    nearestOf(
      word,
      known.filter((name) => distance(word, name) <= word.length / 2),
    )
  )
}
