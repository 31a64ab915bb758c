/** Characters in a line of a terminal, within what is good to read; of a file or a pipe 80. */
export const widthOf = ({ columns = 80 }: NodeJS.WriteStream): number => Math.max(60, Math.min(columns, 120))
