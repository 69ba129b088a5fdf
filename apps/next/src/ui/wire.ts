/** The types of the session API, as far as these pages use them. */

export interface SessionView {
  readonly id: string
  readonly title?: string
  readonly label?: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly messageCount: number
  readonly revision: number
  readonly turn?: { readonly id: string }
}

export interface Part {
  readonly type: string
  readonly [field: string]: unknown
}

export interface MessageView {
  readonly seq: number
  readonly id: string
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string | readonly Part[]
  readonly createdAt: string
  readonly status: 'completed' | 'failed' | 'aborted' | 'corrupt'
  readonly tokens: number
  readonly metadata?: { readonly [field: string]: unknown }
}

export interface MessagePage {
  readonly messages: {
    readonly items: readonly MessageView[]
    readonly previousCursor?: string
    readonly nextCursor?: string
  }
}

export interface SessionPage {
  readonly sessions: { readonly items: readonly SessionView[]; readonly nextCursor?: string }
}

/** A range of the log, both ends included; without `to` it is open. */
export interface SeqRange {
  readonly from: number
  readonly to?: number
}

export interface BranchesView {
  readonly active: { readonly path: readonly SeqRange[] }
  readonly items: readonly {
    readonly id: string
    readonly path: readonly SeqRange[]
    readonly leftAt: string
  }[]
}

/** An amount in the smallest unit of its currency. */
export interface Money {
  readonly amount: number
  readonly currency: string
}

export interface CartItem {
  readonly id: string
  readonly sku: string
  readonly name: string
  readonly quantity: number
  readonly price: Money
}

export interface Cart {
  readonly items: readonly CartItem[]
  readonly itemCount: number
  readonly total?: Money
}

export interface Order {
  readonly id: string
  readonly items: readonly CartItem[]
  readonly total: Money
  readonly placedAt: string
}

export type Preferences = { readonly [name: string]: unknown }

export const contextParts = [
  'tools',
  'system',
  'facts',
  'preferences',
  'cart',
  'summary',
  'recall',
  'history',
  'query',
  'reply',
] as const
export type ContextPart = (typeof contextParts)[number]

export interface ContextView {
  readonly messages: readonly {
    readonly role: string
    readonly content: string | readonly Part[]
    readonly tokens: number
    readonly part: ContextPart
  }[]
  readonly tokens: number
  readonly report: {
    readonly strategy: string
    readonly tokens: Readonly<Record<ContextPart, number>>
    readonly dropped: readonly {
      readonly from: number
      readonly to: number
      readonly messages: number
      readonly why: string
    }[]
    readonly droppedFacts: readonly string[]
  }
}

/** All that a model would be sent. */
export interface PromptView {
  readonly context: ContextView
  readonly tools: readonly {
    readonly name: string
    readonly description: string
    readonly inputSchema: object
  }[]
  readonly maxTokens: number
}

export type TransferMode = 'move' | 'share' | 'copy'

/** A new transfer, with the text of its QR code. */
export interface BegunTransfer {
  readonly transferId: string
  readonly url: string
  readonly mode: TransferMode
  readonly expiresAt: string
}

export interface TransferView {
  readonly transferId: string
  readonly mode: TransferMode
  readonly expiresAt: string
  readonly status: 'open' | 'waiting' | 'approved' | 'redeemed'
  readonly matchCode?: string
}

export interface TransferDescription {
  readonly transferId: string
  readonly mode: TransferMode
  readonly sessionId: string
  readonly title?: string
  readonly messageCount: number
  readonly itemCount: number
  readonly needsApproval: boolean
  readonly expiresAt: string
}
