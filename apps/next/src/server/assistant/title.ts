import type { Session } from '@sessions/core'
import { isSessionError } from '@sessions/core'

const longest = 48
// A shorter text is a greeting.
const shortest = 8

/** A title from the first messages: the first sentence with content, cut to the width of a list. */
export function titleOf(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  const telling = plain.split(/(?<=[.!?…])\s+/).find((sentence) => sentence.length >= shortest) ?? plain
  const title = telling.replace(/[.!…]+$/, '')
  if (title.length <= longest) return title
  const cut = title.slice(0, longest)
  const end = cut.lastIndexOf(' ')
  return `${(end > longest / 2 ? cut.slice(0, end) : cut).trimEnd()}…`
}

/** Gives a title to a session without one. */
export async function giveTitle(session: Session, text: string): Promise<void> {
  const { title, revision } = (await session.read()).record
  const given = titleOf(text)
  if (title !== undefined || given === '') return
  try {
    await session.edit({ title: given }, { ifRevision: revision })
  } catch (error) {
    // Another caller has changed the session meanwhile, perhaps its title: the next turn tries again.
    if (!isSessionError(error, 'conflict')) throw error
  }
}
