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

export function textIn(form: FormData): string {
  const text = form.get('text')
  return typeof text === 'string' ? text : ''
}
