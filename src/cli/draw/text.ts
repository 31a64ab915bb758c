/** A text in lines of at most `width` characters, broken after spaces and commas; a longer word gets its own line. */
export const wrapText = (text: string, width: number): readonly string[] =>
  text
    .split(/(?<=[ ,])(?! )/)
    .reduce<string[]>((lines, part) => {
      const last = lines.at(-1)
      const isFull = last === undefined || `${last}${part}`.trimEnd().length > width
      return isFull ? [...lines, part] : [...lines.slice(0, -1), `${last}${part}`]
    }, [])
    .map((line) => line.trimEnd())

/**
 * A line as lines for a window of `columns` characters: if it is longer, it continues below, between words and indented by two more
 * characters than it begins with.
 *
 * @param lengthOf how many characters of a text are seen. @default all
 */
export const wrapLine = (
  line: string,
  columns: number,
  lengthOf: (text: string) => number = (text) => [...text].length,
): readonly string[] => {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const below = `${indent}  `
  const lines = line
    .slice(indent.length)
    .split(/(?<= )(?! )/)
    .reduce<readonly string[]>(
      (all, word) => {
        const last = all.at(-1) ?? ''
        const joined = `${last}${word}`
        const isFull = last.trim() !== '' && lengthOf(joined.trimEnd()) > columns
        return isFull ? [...all, `${below}${word}`] : [...all.slice(0, -1), joined]
      },
      [indent],
    )
  return lines.map((one) => one.trimEnd())
}

/** A text of at most `width` characters: if it is longer, its middle is replaced by `…`. */
export const shorten = (text: string, width: number): string => {
  const letters = [...text]
  if (letters.length <= width) return text
  const head = Math.ceil((width - 1) / 2)
  const tail = Math.max(0, width - 1 - head)
  return `${letters.slice(0, head).join('')}…${letters.slice(letters.length - tail).join('')}`
}

/** Shortens several texts to the smallest length, at least `width`, at which different texts are still different. */
export const shortenApart = (texts: readonly string[], width: number): readonly string[] => {
  const shorter = texts.map((text) => shorten(text, width))
  const isApart = new Set(shorter).size === new Set(texts).size
  return isApart ? shorter : shortenApart(texts, width + 1)
}
