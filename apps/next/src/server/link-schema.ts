import { z } from 'zod'

/** The two parts of a link's fragment. */
export const linkSchema = z.strictObject({
  secret: z.string().min(1).max(100),
  guest: z.string().max(500).optional(),
})
