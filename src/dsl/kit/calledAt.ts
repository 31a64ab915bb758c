/**
 * Where a program called something: an exception that is not thrown, kept for its stack. As the cause of an error it
 * lets the command name the line of the user's file, for values (an operator of RxJS, an observer) that don't know it.
 */
export class CalledAt extends Error {
  /** @param called the function that was called: the stack begins with the line that calls it */
  constructor(called: (...parameters: never) => unknown) {
    super('this was called')
    this.name = 'CalledAt'
    Error.captureStackTrace(this, called)
  }
}
