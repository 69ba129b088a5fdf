import { SessionError, type MessageQuery, type SessionChange } from '@sessions/core/store'
import { toText, toToken } from './encoding.js'

const maxPage = 1000

/** What `commitScript` is told of a commit that is called `op`, to the session that `whose` is short for. */
export function toArgs(
  who: string,
  change: SessionChange,
  incarnation: string | undefined,
  op: string,
): string[] {
  const { revision, idleMs, absoluteMs, userId, label, title, body, messages } = change
  const named = incarnation === undefined ? '' : `=${toToken(incarnation)}`
  const args = [
    `${revision ?? ''} ${named} ${idleMs ?? ''} ${absoluteMs ?? ''} ${op} ${who}`,
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

export function checkChange({ revision, body, idleMs, absoluteMs }: SessionChange): void {
  if (revision !== undefined) checkWhole(revision, 'revision', 0)
  if (idleMs !== undefined) checkWhole(idleMs, 'idleMs', 0)
  if (absoluteMs !== undefined) checkWhole(absoluteMs, 'absoluteMs', 0)
  if (body !== undefined && revision === undefined) {
    throw new SessionError('invalid', 'body needs the revision it replaces', { path: 'body' })
  }
}

export function checkMessageQuery({ limit, after, before }: MessageQuery): void {
  checkLimit(limit)
  if (after !== undefined) checkWhole(after, 'after', 0)
  if (before !== undefined) checkWhole(before, 'before', 0)
}

export function checkLimit(limit: number): void {
  checkWhole(limit, 'limit', 1, maxPage)
}

export function checkWhole(value: number, path: string, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new SessionError('invalid', `${path} must be a whole number from ${min} to ${max}`, { path })
}
