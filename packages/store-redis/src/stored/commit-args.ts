import type { SessionChange } from '@sessions/core/store'
import { toText, toToken } from './encoding.js'
import { toLifetimeToken } from './lifetime-token.js'

/** The arguments of `commitScript` for a commit named `op`, to the session that `who` is short for. */
export function toArgs(
  who: string,
  change: SessionChange,
  incarnation: string | undefined,
  op: string,
): string[] {
  const { revision, ownedBy, idleMs, absoluteMs, maxSeq, maxBytes, lifetime } = change
  const { userId, label, title, body, messages } = change
  const named = incarnation === undefined ? '' : `=${toToken(incarnation)}`
  const args = [
    `${revision ?? ''} ${named} ${idleMs ?? ''} ${absoluteMs ?? ''} ${op} ${who} ${given(ownedBy, toToken)} ${maxSeq ?? ''} ${maxBytes ?? ''} ${lifetime === undefined ? '' : toLifetimeToken(lifetime)}`,
    userId === undefined && label === undefined && title === undefined
      ? ''
      : `${given(userId, toToken)} ${given(label, toToken)} ${given(title, toText)}`,
    body === undefined ? '' : `b${toText(body)}`,
  ]
  for (const { id, payload } of messages ?? []) args.push(toToken(id), toText(payload))
  return args
}

function given(name: string | undefined, encode: (name: string) => string): string {
  return name === undefined ? '' : `=${encode(name)}`
}
