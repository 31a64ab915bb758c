/** The module of a point's own process. */
export const pointEntry = new URL('./pointMain.js', import.meta.url)
