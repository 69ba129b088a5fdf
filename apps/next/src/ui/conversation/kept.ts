import type { Outgoing } from './state.ts'

/** What must survive a reload, a crash or a closed tab: the draft, and the message being sent. */

const draftOf = (place: string): string => `chat.draft.${place}`
const outgoingOf = (sessionId: string): string => `chat.outgoing.${sessionId}`

export function keptDraft(place: string): string {
  return read(() => localStorage.getItem(draftOf(place))) ?? ''
}

export function keepDraft(place: string, text: string): void {
  write(() => {
    if (text === '') localStorage.removeItem(draftOf(place))
    else localStorage.setItem(draftOf(place), text)
  })
}

/** A message that was being sent when the page closed, to be sent again under its own key. */
export function keptOutgoing(sessionId: string): Outgoing | undefined {
  const text = read(() => sessionStorage.getItem(outgoingOf(sessionId)))
  if (text === undefined) return undefined
  try {
    return { ...(JSON.parse(text) as Outgoing), status: 'sending' }
  } catch {
    return undefined
  }
}

export function keepOutgoing(sessionId: string, outgoing: Outgoing): void {
  write(() => sessionStorage.setItem(outgoingOf(sessionId), JSON.stringify(outgoing)))
}

export function forgetOutgoing(sessionId: string): void {
  write(() => sessionStorage.removeItem(outgoingOf(sessionId)))
}

/** Removes all data of a deleted session. */
export function forgetTexts(sessionId: string): void {
  keepDraft(sessionId, '')
  forgetOutgoing(sessionId)
}

/** Removes the texts of all sessions, once for each `reason`. @returns Whether it was the first time. */
export function forgetAllTexts(reason: string): boolean {
  if (read(() => localStorage.getItem('chat.forgotten')) === reason) return false
  write(() => {
    for (const storage of [localStorage, sessionStorage]) {
      for (const key of Object.keys(storage))
        if (/^chat\.(?:draft|outgoing)\./.test(key)) storage.removeItem(key)
    }
    localStorage.setItem('chat.forgotten', reason)
  })
  return true
}

// Storage may be forbidden or full. Then the text lives only as long as the page.
function read(get: () => string | null): string | undefined {
  try {
    return get() ?? undefined
  } catch {
    return undefined
  }
}

function write(set: () => void): void {
  try {
    set()
  } catch {}
}
