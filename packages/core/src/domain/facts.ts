import * as z from 'zod/mini'
import { newId } from '../ids.js'
import { parseWith } from '../parse.js'
import type { Fact } from './session-body.js'

/** A fact that a caller asks the session to remember. */
export interface FactInput {
  /** At most 1,000 characters. */
  text: string
  /** The subject of the fact; a newer fact on the same subject replaces it. */
  subject?: string
  /** The message that the fact was extracted from. */
  seq?: number
}

const factSchema = z.strictObject({
  text: z.string().check(z.trim(), z.minLength(1), z.maxLength(1000)),
  subject: z.optional(z.string().check(z.trim(), z.minLength(1), z.maxLength(200))),
  seq: z.optional(z.int().check(z.minimum(1))),
})

/** The fact with its time `at`. @throws `invalid` with the path of what is wrong. */
export function toFact(input: FactInput, at: number, path: string): Fact {
  return { id: newId(), ...parseWith(factSchema, input, path), at }
}
