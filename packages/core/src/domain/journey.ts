import type { SessionBody } from './session-body.js'

/** Phases of a session that are kept, the first ones. */
const maxPhases = 20
const maxLength = 40

type Journey = readonly string[]

/** The phases that a session went through, as `phase` of its state said, in their order. */
export function journeyOf({ journey, state }: Pick<SessionBody, 'journey' | 'state'>): Journey {
  if (journey !== undefined) return journey.slice(0, maxPhases)
  const phase = phaseOf(state)
  return phase === undefined ? [] : [phase]
}

/** The body with its new phase, if a change of its state began one. */
export function followPhase(body: SessionBody, before: SessionBody): SessionBody {
  if (body.state === before.state) return body
  const known = journeyOf(before)
  const phase = phaseOf(body.state)
  const isNew = phase !== undefined && phase !== known.at(-1) && known.length < maxPhases
  const journey = isNew ? [...known, phase] : known
  return journey.length === 0 ? body : { ...body, journey }
}

function phaseOf({ phase }: SessionBody['state']): string | undefined {
  if (typeof phase !== 'string' || phase === '') return undefined
  // By code points: half of one is no text.
  return Array.from(phase.slice(0, 2 * maxLength))
    .slice(0, maxLength)
    .join('')
}
