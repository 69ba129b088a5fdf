import type { RecallIntent } from './intent.js'
import { readPlaces } from './targets.js'

const mine =
  /\b(did i (just |first |originally )?(ask|say|tell|want|write|type|mention)|have i (asked|said|told)|i (just |first )?(asked|said|told)|my (very )?((first|second|third|fourth|fifth|last|latest|previous|\d+(st|nd|rd|th)) )?(questions?|messages?|requests?))\b/
const yours =
  /\b(did you (just |first )?(say|tell|recommend|suggest|answer|show|mention)|you (just |first )?(said|recommended|suggested|told me|answered|showed)|your (very )?(first|last|previous|latest) (answer|reply|message|recommendation|suggestion))\b/
const repeat =
  /^(please |can you |could you )*((repeat|say)( (that|it|this|yourself))?( again)?( please)?|again( please)?|come again|pardon( me)?|what was that( again)?)$/
const ours =
  /\b(what (have|did) we (talk|talked|discuss|discussed|been talking)|(summari[sz]e|recap|sum up)\b)/

/** Asks about the conversation itself. */
export function parseRecall(text: string): RecallIntent | undefined {
  if (repeat.test(text)) return { type: 'recall', what: 'answer', place: -1 }
  if (ours.test(text)) return { type: 'recall', what: 'questions' }
  if (yours.test(text)) return { type: 'recall', what: 'answer', place: placeIn(text, -1) }
  if (!mine.test(text)) return undefined
  if (/\bhow (many|often)\b/.test(text)) return { type: 'recall', what: 'count' }
  if (/\b(all|everything|so far|have i asked|my questions)\b/.test(text))
    return { type: 'recall', what: 'questions' }
  return { type: 'recall', what: 'question', place: placeIn(text, -1) }
}

function placeIn(text: string, otherwise: number): number {
  if (/\b(at the start|at first|in the beginning|initially|originally|to begin with)\b/.test(text)) return 1
  return readPlaces(text)[0] ?? otherwise
}
