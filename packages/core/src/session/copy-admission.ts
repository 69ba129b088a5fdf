import { processRegistry } from '../process-registry.js'
import type { LiveSession } from '../service/live-session.js'

/**
 * Called before a session is read for a copy, with 0, and before the copy is stored, with the bytes of the session in
 * UTF-8. It refuses the copy when it throws.
 */
export type AdmitCopy = (source: LiveSession, bytes: number) => Promise<void>

const admissions = processRegistry<object, AdmitCopy>('copy-admissions')

/** Has copies that these sessions make admitted first. @returns The same sessions. */
export function admitCopies<Mine extends object>(mine: Mine, admit: AdmitCopy | undefined): Mine {
  if (admit !== undefined) admissions.set(mine, admit)
  return mine
}

/** What admits the copies of these sessions; undefined when every copy is admitted. */
export function copyAdmissionOf(mine: object): AdmitCopy | undefined {
  return admissions.get(mine)
}
