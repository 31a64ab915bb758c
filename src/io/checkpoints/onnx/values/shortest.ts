/** The number with the fewest digits that is the same in float32: 0.4914, not 0.49140000343. */
export const shortest = (value: number): number => {
  const single = Math.fround(value)
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(single.toPrecision(digits))
    if (Math.fround(rounded) === single) return rounded
  }
  return single
}
