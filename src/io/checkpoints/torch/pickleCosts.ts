/** Bytes of memory of a small value with its place on the stack or in the memo, about. */
export const VALUE_BYTES = 64
/** The same of an empty dict. */
export const DICT_BYTES = 256
/** The same of an entry of a dict. */
export const ENTRY_BYTES = 128
/** The same of a place in a list. */
export const PLACE_BYTES = 16
/** The same of a view of bytes. */
export const VIEW_BYTES = 192
/** Steps to set an entry of a dict. */
export const ENTRY_STEPS = 8
/** What they are for, in errors. */
export const PICKLE = 'the values of its pickle'
