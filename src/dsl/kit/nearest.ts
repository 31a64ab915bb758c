import { distance } from 'fastest-levenshtein'

/** The known word that one is likeliest a slip of: the nearest by letters put in, left out or exchanged. */
export const nearestOf = (word: string, known: readonly string[]): string | undefined =>
  known.toSorted((a, b) => distance(word, a) - distance(word, b))[0]

/** The same, where it is near: it begins with the word, or differs in at most half of its letters. */
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
