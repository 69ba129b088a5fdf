import type { Purpose } from '../../server/privacy.ts'
import type { Clock } from '../clock.ts'

export interface PurposeSwitchProps {
  readonly purpose: Purpose
  readonly clock: Clock
  /** In how many conversations a decision has just deleted something; undefined when none was made just now. */
  readonly removed: number | undefined
}

/** One purpose: what it means, what holds since when, and a switch, which is the button of a form. */
export function PurposeSwitch({ purpose: asked, clock, removed }: PurposeSwitchProps) {
  const { purpose, title, text, loses, isAllowed, decision } = asked
  const needsBox = isAllowed && purpose === 'storage'
  return (
    <li>
      <form method="post" action="/api/chat/privacy/consent">
        <input type="hidden" name="purpose" value={purpose} />
        <div className="purpose-head">
          <h3 id={`${purpose}-title`}>{title}</h3>
          <button
            type="submit"
            id={purpose}
            className="switch"
            role="switch"
            aria-checked={isAllowed}
            aria-labelledby={`${purpose}-title`}
            aria-describedby={`${purpose}-text`}
            name="granted"
            value={isAllowed ? 'no' : 'yes'}
          >
            <span aria-hidden="true">{isAllowed ? 'On' : 'Off'}</span>
          </button>
        </div>
        <div role="status">
          {removed === undefined ? undefined : <p className="kept-note">{sayRemoved(removed)}</p>}
        </div>
        <div id={`${purpose}-text`}>
          <p>{text}</p>
          {isAllowed ? <p>When you switch it off, {loses}.</p> : undefined}
          <p className="fine">
            {decision === undefined
              ? 'You have not said anything about it; this is how it begins.'
              : `You ${decision.granted ? 'allowed' : 'denied'} it on ${dayOf(decision.at, clock)}, as it was worded in version ${decision.version}.`}
          </p>
        </div>
        {needsBox ? (
          <label className="sure">
            <input type="checkbox" name="sure" value="yes" required />
            Yes, delete my conversations
          </label>
        ) : undefined}
      </form>
    </li>
  )
}

function sayRemoved(count: number): string {
  if (count === 0) return 'Noted.'
  return `Noted, and deleted in ${count === 1 ? 'one conversation' : `${count} conversations`}.`
}

/** A day and a time, for a reader in a time zone. */
export function dayOf(at: number, { timeZone }: Clock): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'long', timeStyle: 'short' }).format(at)
}
