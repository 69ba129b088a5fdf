import type { Outgoing } from './state.ts'

/** What must survive a reload, a crash or a closed tab: the draft, and the message being sent. */

const draftOf = (place: string): string => `chat.draft.${place}`
const outgoingOf = (sessionId: string): string => `chat.outgoing.${sessionId}`

export function keptDraft(place: string): string {
  return get(drafts, draftOf(place)) ?? ''
}

export function keepDraft(place: string, text: string): void {
  set(drafts, draftOf(place), text === '' ? undefined : text)
}

/** A message that was being sent when the page closed, to be sent again under its own key. */
export function keptOutgoing(sessionId: string): Outgoing | undefined {
  const text = get(tab, outgoingOf(sessionId))
  if (text === undefined) return undefined
  try {
    return { ...(JSON.parse(text) as Outgoing), status: 'sending' }
  } catch {
    return undefined
  }
}

export function keepOutgoing(sessionId: string, outgoing: Outgoing): void {
  set(tab, outgoingOf(sessionId), JSON.stringify(outgoing))
}

export function forgetOutgoing(sessionId: string): void {
  set(tab, outgoingOf(sessionId), undefined)
}

/** Removes all data of a deleted session. */
export function forgetTexts(sessionId: string): void {
  keepDraft(sessionId, '')
  forgetOutgoing(sessionId)
}

/** Removes the texts of all sessions, once for each `reason`. @returns Whether it was the first time. */
export function forgetAllTexts(reason: string): boolean {
  const place = 'chat.forgotten'
  if (get(drafts, place) === reason) return false
  held.clear()
  try {
    for (const storage of [localStorage, sessionStorage]) {
      for (const key of Object.keys(storage))
        if (/^chat\.(?:draft|outgoing)\./.test(key)) storage.removeItem(key)
    }
  } catch {}
  set(drafts, place, reason)
  return true
}

const drafts = (): Storage => localStorage
const tab = (): Storage => sessionStorage

// Storage may be forbidden or full. Then a text lives until the page is loaded anew: what is said on the page of a new
// conversation comes to the page of that conversation.
const held = new Map<string, string>()

function get(storage: () => Storage, key: string): string | undefined {
  const text = held.get(key)
  if (text !== undefined) return text
  try {
    return storage().getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

function set(storage: () => Storage, key: string, text: string | undefined): void {
  held.delete(key)
  try {
    if (text === undefined) storage().removeItem(key)
    else storage().setItem(key, text)
  } catch {
    if (text !== undefined) held.set(key, text)
  }
}
