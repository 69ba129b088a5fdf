import type { ErasureReceipt } from '@sessions/core/privacy'
import type { Clock } from '../clock.ts'
import { ForgetTexts } from './forget-texts.tsx'
import { dayOf } from './purpose-switch.tsx'

const kinds: Readonly<Record<string, readonly [one: string, many: string]>> = {
  sessions: ['conversation', 'conversations'],
  messages: ['message', 'messages'],
  users: ['record of what you allowed', 'records of what you allowed'],
  turns: ['answer that could be resumed', 'answers that could be resumed'],
  requests: ['request that was remembered', 'requests that were remembered'],
  transfers: ['link to another device', 'links to other devices'],
  slots: ['list of your conversations', 'lists of your conversations'],
}

/** What the receipt of a deletion says. */
export function ReceiptNote({ receipt, clock }: { receipt: ErasureReceipt; clock: Clock }) {
  const { id, counts, copiesElsewhere, erasedAt } = receipt
  const gone = Object.entries(counts).filter(([, count]) => count > 0)
  return (
    <section className="receipt" aria-labelledby="receipt">
      <h2 id="receipt">Everything is deleted</h2>
      <p>
        On {dayOf(erasedAt, clock)}. You are a new guest now, and of the one you were nothing can be opened
        any more.
      </p>
      {gone.length === 0 ? (
        <p>There was nothing to delete.</p>
      ) : (
        <ul>
          {gone.map(([kind, count]) => (
            <li key={kind}>{sayCount(kind, count)}</li>
          ))}
        </ul>
      )}
      {copiesElsewhere === 0 ? undefined : (
        <p>
          {copiesElsewhere === 1
            ? 'One copy that you gave away stays'
            : `${copiesElsewhere} copies that you gave away stay`}{' '}
          with the people who have taken it.
        </p>
      )}
      <p>
        <a href="/api/chat/privacy/receipt" download>
          Download the receipt
        </a>
      </p>
      <p className="fine">
        It is signed, names nobody, and is shown here for an hour. Keep it if you may need to prove this.
      </p>
      <ForgetTexts receiptId={id} />
    </section>
  )
}

function sayCount(kind: string, count: number): string {
  const [one, many] = (Object.hasOwn(kinds, kind) ? kinds[kind] : undefined) ?? [kind, kind]
  return `${count} ${count === 1 ? one : many}`
}
