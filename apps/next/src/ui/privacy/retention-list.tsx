import { keeping } from '../../server/keeping.ts'

const days = (ms: number): string => `${Math.round(ms / 86_400_000)} days`

/** How long what is kept, in plain words. */
export function RetentionList() {
  const { conversations, cartMs, earlierDecisionsMs, usageMs, fenceMs } = keeping
  return (
    <dl className="retention">
      <div>
        <dt>Conversations, what you like, orders</dt>
        <dd>
          {days(conversations.idleMs)} after the last message, and no longer than{' '}
          {days(conversations.absoluteMs)}
        </dd>
      </div>
      <div>
        <dt>What is in a cart</dt>
        <dd>{days(cartMs)} after the last message</dd>
      </div>
      <div>
        <dt>What you allow</dt>
        <dd>
          until you delete everything; what you had said before, {days(earlierDecisionsMs)} after your last
          decision
        </dd>
      </div>
      <div>
        <dt>How many tokens the answers took</dt>
        <dd>{days(usageMs)}; under no name once you delete everything</dd>
      </div>
      <div>
        <dt>That you have deleted everything</dt>
        <dd>{Math.round(fenceMs / 60_000)} minutes, under no name</dd>
      </div>
      <div>
        <dt>In this browser</dt>
        <dd>your guest’s name, the theme, and what you have written and not sent</dd>
      </div>
    </dl>
  )
}
