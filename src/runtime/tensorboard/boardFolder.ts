/** The subfolder for event files, by default. */
export const boardFolder = 'tensorboard'
