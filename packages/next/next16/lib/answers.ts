import { isSessionError } from '@sessions/core'

/** What came of it: the code of the error, or `no error`. */
export async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'no error'
  } catch (error) {
    return isSessionError(error) ? error.code : `not ours: ${String(error)}`
  }
}
