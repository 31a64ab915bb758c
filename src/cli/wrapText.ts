/** A text in lines of at most `width` characters, broken behind spaces and commas; a longer word has a line of its own. */
export const wrapText = (text: string, width: number): readonly string[] =>
  text
    .split(/(?<=[ ,])(?! )/)
    .reduce<string[]>((lines, part) => {
      const last = lines.at(-1)
      const isFull = last === undefined || `${last}${part}`.trimEnd().length > width
      return isFull ? [...lines, part] : [...lines.slice(0, -1), `${last}${part}`]
    }, [])
    .map((line) => line.trimEnd())
