/** Parts of C files as text. */

/** A float constant: nine digits say which one it is. */
export const floatText = (value: number): string => {
  const digits = String(Number(Math.fround(value).toPrecision(9)))
  return `${/[.e]/.test(digits) ? digits : `${digits}.0`}f`
}

/** The longest line of numbers. */
const LINE = 116

/** Numbers as an array of a constant type. C has no empty arrays: one without numbers has a 0 that nothing reads. */
export const arrayText = (type: string, name: string, numbers: readonly string[]): string => {
  const lines: string[] = []
  let line = ''
  for (const number of numbers.length === 0 ? ['0'] : numbers) {
    if (line.length + number.length + 2 > LINE) {
      lines.push(line)
      line = ''
    }
    line += `${line === '' ? '  ' : ' '}${number},`
  }
  return `static const ${type} ${name}[] = {\n${[...lines, line].join('\n')}\n};\n`
}

/** Integers as constants. */
export const integerTexts = (values: Iterable<number>): readonly string[] => Array.from(values, String)
/** Floats as constants. */
export const floatTexts = (values: Iterable<number>): readonly string[] => Array.from(values, floatText)

/** Text in a comment: on one line, and without what could end it. */
export const commentText = (text: string): string =>
  text
    .replace(/[^\x20-\x7e]/g, '?')
    .replaceAll('*/', '* /')
    .replaceAll('/*', '/ *')
    .replaceAll('\\', '/')

/** Keywords of C99 and C++, and what the headers define. */
const TAKEN = new Set(
  (
    'auto break case char const continue default do double else enum extern float for goto if inline int long register ' +
    'restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm bool ' +
    'catch class delete explicit export false friend mutable namespace new operator private protected public this ' +
    'throw true try typeid typename using virtual'
  ).split(' '),
)

/** Whether names in C can begin with it. */
export const isIdentifier = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_]*$/.test(name) && !TAKEN.has(name)
