import { z } from 'zod'
import { assistants } from '../merchants.js'
import { type Tool, tool } from './tool.js'

export const transferTools: readonly Tool[] = [
  tool({
    name: 'continue_elsewhere',
    description:
      'Makes a link and a short code that open this session, cart and all, with another assistant or on the phone, once. Show both to the user and to nobody else.',
    input: z.strictObject({
      to: z.enum(assistants),
      /** `move` ends it here, `share` keeps it on both devices, `copy` gives the other device a session of its own. */
      mode: z.enum(['move', 'share', 'copy']).optional(),
    }),
    // A reader of the history must not find a secret there.
    isSecret: true,
    async execute({ to, mode }, { session }) {
      const isOwned = session.record.userId !== undefined
      const transfer = await session.transfer({
        // A user's session goes to devices of that user only. A phone has no signed-in user, so it gets a copy.
        ...(isOwned && to === 'phone'
          ? { mode: 'copy', allowAnonymous: true }
          : { mode: mode ?? (isOwned ? 'share' : 'move') }),
        audience: to,
      })
      const { transferId, url, secret, shortCode, expiresAt } = transfer
      // By the clock of this process: by that the page counts down, and the store's may be another.
      const endsAt = Date.now() + expiresAt - session.record.updatedAt
      return {
        transferId,
        mode: transfer.mode,
        // The gateway has a page for every tenant.
        url: url!,
        secret,
        shortCode,
        expiresAt: new Date(endsAt).toISOString(),
      }
    },
  }),
]
