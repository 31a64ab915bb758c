import { distance } from 'fastest-levenshtein'

/**
 * The known word that a misspelt one most likely means: the nearest by inserted, deleted and replaced letters, and of
 * several the one that shares the most letters with it.
 */
export const nearestOf = (word: string, known: readonly string[]): string | undefined =>
  known.toSorted((a, b) => distance(word, a) - distance(word, b) || sharedLetters(word, b) - sharedLetters(word, a))[0]

/** Letters of a word that another one has, in any order: all of them if two were only swapped. */
const sharedLetters = (word: string, other: string): number => {
  const left = [...other]
  return [...word].filter((letter) => {
    const place = left.indexOf(letter)
    if (place >= 0) left.splice(place, 1)
    return place >= 0
  }).length
}

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
