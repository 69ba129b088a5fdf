import * as z from 'zod'
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
  text: z.string().trim().min(1).max(1000),
  subject: z.string().trim().min(1).max(200).optional(),
  seq: z.int().min(1).optional(),
})

/** The fact with its time `at`. @throws `invalid` with the path of what is wrong. */
export function toFact(input: FactInput, at: number, path: string): Fact {
  return { id: newId(), ...parseWith(factSchema, input, path), at }
}
