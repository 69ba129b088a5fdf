import { z } from 'zod'

/** A merchant. */
export interface Merchant {
  readonly id: string
  readonly name: string
}

/** The assistants and devices that a session can go to: the audiences of transfers. */
export const assistants = ['claude', 'chatgpt', 'phone'] as const
export type Assistant = (typeof assistants)[number]

/** An API key, for one merchant or for the marketplace. Treat it like a password. */
export interface ApiKey {
  readonly key: string
  /** A merchant's id, or `marketplace`. */
  readonly tenantId: string
  readonly assistant: Assistant
}

/** The tenant of all merchants of the marketplace: the state of a session names the merchant it is with. */
export const marketplace = 'marketplace'

export const merchants: readonly Merchant[] = [
  { id: 'nordwind', name: 'Nordwind Outdoor' },
  { id: 'kaffeelaune', name: 'Kaffeelaune' },
]

/** For trying the gateway; production accepts none of them. */
export const demoKeys: readonly ApiKey[] = [
  { key: 'demo-claude', tenantId: marketplace, assistant: 'claude' },
  { key: 'demo-chatgpt', tenantId: marketplace, assistant: 'chatgpt' },
  { key: 'demo-nordwind', tenantId: 'nordwind', assistant: 'claude' },
  { key: 'demo-kaffeelaune', tenantId: 'kaffeelaune', assistant: 'claude' },
]

const keySchema = z.tuple([
  z.enum([marketplace, ...merchants.map(({ id }) => id)]),
  z.enum(assistants),
  z.string().min(16),
])

/**
 * Keys from the environment: `tenant:assistant:key`, separated by commas; a key has 16 characters or more.
 *
 * @throws for anything else.
 */
export function parseKeys(text: string): ApiKey[] {
  return text.split(',').map((entry, index) => {
    const { data } = keySchema.safeParse(entry.trim().split(':'))
    // The message does not contain the entry, because it is a secret and errors are logged.
    if (data === undefined) throw new Error(`API_KEYS: entry ${index + 1} is not tenant:assistant:key`)
    const [tenantId, assistant, key] = data
    return { tenantId, assistant, key }
  })
}

export function findMerchant(id: unknown): Merchant | undefined {
  return merchants.find((merchant) => merchant.id === id)
}
