import type { ConsentDecision, ErasureReceipt } from '@sessions/core/privacy'
import { tenantId } from './caller.ts'
import { chat } from './chat.ts'
import { consentVersion, type PurposeText, purposeTexts } from './consent-text.ts'

/** A purpose, and what holds for it. */
export interface Purpose extends PurposeText {
  readonly isAllowed: boolean
  /** What the guest decided; undefined when nothing was said. */
  readonly decision: ConsentDecision | undefined
}

/** The purposes, and what a guest has decided on each. */
export async function readPurposes(guest: string): Promise<Purpose[]> {
  const { consent } = await chat.sessions()
  const user = { tenantId, userId: guest }
  const { purposes } = await consent.get(user)
  return Promise.all(
    purposeTexts.map(async (text) => ({
      ...text,
      isAllowed: await consent.allows(user, text.purpose),
      decision: purposes[text.purpose],
    })),
  )
}

/** Whether a guest allows that conversations are kept. */
export async function keepsConversations(guest: string): Promise<boolean> {
  const { consent } = await chat.sessions()
  return consent.allows({ tenantId, userId: guest }, 'storage')
}

/** Notes a decision. @returns How much a withdrawal has removed, of all kinds together. */
export async function decide(
  guest: string,
  purpose: PurposeText['purpose'],
  granted: boolean,
): Promise<number> {
  const { consent } = await chat.sessions()
  const change = { purpose, granted, version: consentVersion, source: 'what we keep of you' }
  const { removed } = await consent.set({ tenantId, userId: guest }, change)
  // Of sessions, not of what is beside them: the guest knows nothing of turns and slots.
  return (removed['sessions'] ?? 0) + (removed['preferences'] ?? 0)
}

/** Deletes all that is kept of a guest. */
export async function eraseGuest(guest: string): Promise<ErasureReceipt> {
  const { privacy } = await chat.sessions()
  return privacy.erase({ tenantId, userId: guest, by: guest, reason: 'asked for in the chat' })
}

/** The guest has lost its name then, so the receipt stays with the browser, as long as it can be read here. */
export const receiptCookie = 'chat_receipt'

export function toReceiptToken(receipt: ErasureReceipt): string {
  return Buffer.from(JSON.stringify(receipt)).toString('base64url')
}

/** The receipt of a cookie, if this service signed it. */
export async function readReceipt(token: string | undefined): Promise<ErasureReceipt | undefined> {
  if (token === undefined) return undefined
  try {
    const receipt = JSON.parse(Buffer.from(token, 'base64url').toString()) as ErasureReceipt
    const { privacy } = await chat.sessions()
    return (await privacy.verifyReceipt(receipt)) ? receipt : undefined
  } catch {
    return undefined
  }
}
