/** A text of at most so many characters: what is too much goes from its middle. */
export const shorten = (text: string, width: number): string => {
  const letters = [...text]
  if (letters.length <= width) return text
  const head = Math.ceil((width - 1) / 2)
  const tail = Math.max(0, width - 1 - head)
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - tail).join('')}`
}

/** The same for several, at least so wide that those that were different still are. */
export const shortenApart = (texts: readonly string[], width: number): readonly string[] => {
  const shorter = texts.map((text) => shorten(text, width))
  const isApart = new Set(shorter).size === new Set(texts).size
  return isApart ? shorter : shortenApart(texts, width + 1)
}
