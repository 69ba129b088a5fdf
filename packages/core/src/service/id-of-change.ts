import { digestOf } from '../digest.js'
import { newId } from '../ids.js'
import type { LiveSession } from './live-session.js'

/** The id of what a change makes. It follows from the name of the change, so that a repeat finds what is its own. */
export async function idOfChange({ record }: LiveSession, changeId: string | undefined): Promise<string> {
  if (typeof changeId !== 'string') return newId()
  return (await digestOf(JSON.stringify([record.incarnation, changeId]))).slice(0, 24)
}
