const grouped = new Intl.NumberFormat('en-US')

/** A number with separators: 1234567 as `1,234,567`. */
export const formatCount = (count: number): string => grouped.format(count)

/** A fraction as `98.7 %`. */
export const formatPercent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`

/** A loss with four significant digits. */
export const formatLoss = (loss: number): string =>
  loss === 0 || Math.abs(loss) >= 1e-3 ? loss.toPrecision(4) : loss.toExponential(2)

/** A number of any size with at most four significant digits: `0.25`, `1234`, `1.5e-7`. */
export const formatShort = (value: number): string =>
  value === 0 || (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5)
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(2).replace(/\.?0+e/, 'e')

/** A duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
