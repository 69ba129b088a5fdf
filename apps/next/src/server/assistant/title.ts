import type { Session } from '@sessions/core'
import { isSessionError } from '@sessions/core'

const longest = 48
// Less than this is a greeting.
const shortest = 8

/** A title from what was said first: its first sentence that says something, or what a list has room for of it. */
export function titleOf(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim()
  const telling = plain.split(/(?<=[.!?…])\s+/).find((sentence) => sentence.length >= shortest) ?? plain
  const title = telling.replace(/[.!…]+$/, '')
  if (title.length <= longest) return title
  const cut = title.slice(0, longest)
  const end = cut.lastIndexOf(' ')
  return `${(end > longest / 2 ? cut.slice(0, end) : cut).trimEnd()}…`
}

/** Names a session that has no name yet. */
export async function giveTitle(session: Session, text: string): Promise<void> {
  const { title, revision } = (await session.read()).record
  const given = titleOf(text)
  if (title !== undefined || given === '') return
  try {
    await session.edit({ title: given }, { ifRevision: revision })
  } catch (error) {
    // Somebody changed something meanwhile, perhaps the title: the next turn looks again.
    if (!isSessionError(error, 'conflict')) throw error
  }
}
