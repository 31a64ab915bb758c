/** What stands for a character in LaTeX's text mode. */
const replacements: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  '#': '\\#',
  $: '\\$',
  '%': '\\%',
  '&': '\\&',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '±': '$\\pm$',
  '×': '$\\times$',
  '∞': '$\\infty$',
  ε: '$\\epsilon$',
  α: '$\\alpha$',
  β: '$\\beta$',
  λ: '$\\lambda$',
  ρ: '$\\rho$',
  '≥': '$\\geq$',
  '≤': '$\\leq$',
  '–': '--',
  '…': '\\ldots{}',
  '\n': ' ',
}

const special = new RegExp(
  `[${Object.keys(replacements)
    .map((one) => `\\u{${one.codePointAt(0)?.toString(16)}}`)
    .join('')}]`,
  'gu',
)

/** A text as LaTeX prints it: no character of it is a command. */
export const latexText = (text: string): string => text.replace(special, (one) => replacements[one] ?? one)
