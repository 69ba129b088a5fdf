import { corrupt, type OwnLifetime } from '@sessions/core/store'

const none = '-'
const forEver = '*'

/** A lifetime as one token: `idleMs,absoluteMs`, each empty when not given and `*` for null; `-` for none at all. */
export function toLifetimeToken({ idleMs, absoluteMs }: OwnLifetime = {}): string {
  if (idleMs === undefined && absoluteMs === undefined) return none
  return [idleMs, absoluteMs].map((ms) => (ms === null ? forEver : (ms ?? ''))).join(',')
}

/** The lifetime that a token stands for; undefined for none. */
export function fromLifetimeToken(token: string): OwnLifetime | undefined {
  if (token === none) return undefined
  const [idle, absolute] = token.split(',')
  const idleMs = toMs(idle)
  const absoluteMs = toMs(absolute)
  return {
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(absoluteMs === undefined ? {} : { absoluteMs }),
  }
}

function toMs(text: string | undefined): number | null | undefined {
  if (text === '') return undefined
  if (text === forEver) return null
  const ms = text === undefined ? Number.NaN : Number(text)
  if (!Number.isSafeInteger(ms)) throw corrupt('its lifetime is not one')
  return ms
}
