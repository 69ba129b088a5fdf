import * as z from 'zod/mini'
import {
  type KeptTally,
  keptTallySchema,
  type MessageCounts,
  messageCountsSchema,
} from './counted-messages.js'

/** Counts of the messages on the active branch, kept with the session: who asks for them need not read its history. */
export interface SessionStats {
  /** Which messages are counted: the branch up to `through`, as it was then. */
  readonly shape: string
  /** Messages up to this seq are counted in `tally`. */
  readonly through: number
  readonly tally: KeptTally
  /**
   * Of the reply that was stored together with these counts: how many messages it is, and their counts. Its seqs were
   * not known then; the seqs of a log have no gaps, so a log that ends so many messages after `through` has nothing else.
   */
  readonly reply?: { readonly messages: number; readonly counts: MessageCounts } | undefined
}

export const sessionStatsSchema: z.core.$ZodType<SessionStats> = z.looseObject({
  shape: z.string(),
  through: z.int().check(z.minimum(0)),
  tally: keptTallySchema,
  reply: z.optional(z.looseObject({ messages: z.int().check(z.minimum(0)), counts: messageCountsSchema })),
})
