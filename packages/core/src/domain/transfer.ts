import * as z from 'zod/mini'

/** How a session gets to the other device: moved, shared or copied. */
export const transferModes = ['move', 'share', 'copy'] as const
/** `move`, `share` or `copy`: the other device takes the session over, shares it, or gets a copy of it. */
export type TransferMode = (typeof transferModes)[number]

/** A transfer to another device that was begun, without its secret. */
export interface PendingTransfer {
  readonly id: string
  readonly mode: TransferMode
  /** The generation of credentials that it was begun with; the transfer ends when the generation changes. */
  readonly generation: number
  /** Epoch ms, by the store's clock. */
  readonly expiresAt: number
  readonly audience?: string | undefined
  readonly confirm?: 'source' | undefined
  readonly returnTo?: string | undefined
  /** A digest of the verifier that a redemption must send. */
  readonly challenge?: string | undefined
  readonly allowAnonymous?: boolean | undefined
  /** The device that began it, by a digest of the name it gave itself. */
  readonly device?: string | undefined
  /** The device that waits for approval, by a digest of the name it gave itself. */
  readonly claim?:
    | {
        readonly by: string
        readonly matchCode: string
        readonly approved?: boolean | undefined
        readonly device?: string | undefined
      }
    | undefined
  /** The redemption: by whom, the generation then, and the session that was made. */
  readonly redeemed?:
    | { readonly by: string; readonly generation: number; readonly copyId?: string | undefined }
    | undefined
}

const count = z.int().check(z.minimum(0))

/** A transfer as a body stores it; fields that a newer release added are kept. */
export const pendingTransferSchema = z.looseObject({
  id: z.string(),
  mode: z.enum(['move', 'share', 'copy']),
  generation: count,
  expiresAt: z.number(),
  audience: z.optional(z.string()),
  confirm: z.optional(z.literal('source')),
  returnTo: z.optional(z.string()),
  challenge: z.optional(z.string()),
  allowAnonymous: z.optional(z.boolean()),
  device: z.optional(z.string()),
  claim: z.optional(
    z.looseObject({
      by: z.string(),
      matchCode: z.string(),
      approved: z.optional(z.boolean()),
      device: z.optional(z.string()),
    }),
  ),
  redeemed: z.optional(z.looseObject({ by: z.string(), generation: count, copyId: z.optional(z.string()) })),
})
