/** The name of the zeros that a mean counts, in files that this package writes. @param id that of the pooling layer */
export const paddedName = (id: string): string => `${id}/padded`
