import type { Cart, JsonObject, Session } from '@sessions/core'
import { toMarker } from '../marker.js'
import type { RegisterChange, RegisterValue } from '../operation.js'
import { type Lane, lifeOf } from './lane.js'

const price = { amount: 999, currency: 'USD' }
const sharedSkus = ['phone', 'case']

/** Adds items to a line that every lane adds to: in the end all of them count. */
export async function addShared(lane: Lane, session: Session): Promise<void> {
  const sku = lane.random.pick(sharedSkus)
  const quantity = lane.random.int(1, 2)
  const item = { sku, name: sku, price, quantity, metadata: { marker: toMarker(lifeOf(session)) } }
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.cart.add(item),
    () => ({ kind: 'add', sku, quantity }),
  )
}

/** Adds to, sets or removes the line that is this lane's alone, so that its quantity is known exactly. */
export async function changeOwnLine(lane: Lane, session: Session): Promise<void> {
  const sku = ownSku(lane.name)
  const line = lane.random.chance(0.5) ? await findLine(session, sku) : undefined
  if (line === undefined) {
    const quantity = lane.random.int(1, 3)
    const item = { sku, name: sku, price, quantity, metadata: { marker: toMarker(lifeOf(session)) } }
    await changeLine(lane, session, { plus: quantity }, () => session.cart.add(item))
  } else if (lane.random.chance(0.3)) {
    await changeLine(lane, session, { set: null }, () => session.cart.remove(line))
  } else {
    const quantity = lane.random.int(1, 50)
    await changeLine(lane, session, { set: quantity }, () => session.cart.setQuantity(line, quantity))
  }
}

async function findLine(session: Session, sku: string): Promise<string | undefined> {
  try {
    return (await session.cart.get()).items.find((item) => item.sku === sku)?.id
  } catch {
    // A read only, to choose the next step.
    return undefined
  }
}

async function changeLine(
  lane: Lane,
  session: Session,
  change: RegisterChange,
  work: () => Promise<Cart>,
): Promise<void> {
  const sku = ownSku(lane.name)
  await lane.recorder.run(lifeOf(session), 'unwritten', work, (cart) => ({
    kind: 'register',
    register: sku,
    change,
    ...observed(cart, (seen) => seen.items.find((item) => item.sku === sku)?.quantity),
  }))
}

/** Writes or removes the preference of this lane alone. */
export async function prefer(lane: Lane, session: Session): Promise<void> {
  const register = ownPreference(lane.name)
  const text = `${toMarker(lifeOf(session))} ${lane.recorder.next()}`
  const value = lane.random.chance(0.15) ? null : text
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.preferences.merge({ [register]: value }),
    (preferences) => ({
      kind: 'register',
      register,
      change: { set: value },
      ...observed(preferences, (seen) => seen[register] as string | undefined),
    }),
  )
}

/** Increases one counter for all lanes and one for this lane, in one change. */
export async function count(lane: Lane, session: Session): Promise<void> {
  const marker = toMarker(lifeOf(session))
  await lane.recorder.run(
    lifeOf(session),
    'unwritten',
    () => session.state.update((state) => counted(state, lane.name, marker)),
    () => ({ kind: 'count' }),
  )
}

function counted(state: JsonObject, lane: string, marker: string): JsonObject {
  const { total, counts } = countsIn(state)
  return { ...state, marker, total: total + 1, counts: { ...counts, [lane]: (counts[lane] ?? 0) + 1 } }
}

/** The counters of `count` in a state. */
export function countsIn(state: JsonObject): { total: number; counts: Record<string, number> } {
  return {
    total: (state['total'] as number | undefined) ?? 0,
    counts: (state['counts'] as Record<string, number> | undefined) ?? {},
  }
}

export function ownSku(lane: string): string {
  return `own-${lane}`
}

function ownPreference(lane: string): string {
  return `pref-${lane}`
}

function observed<T>(
  value: T | undefined,
  look: (value: T) => RegisterValue | undefined,
): { observed?: RegisterValue } {
  return value === undefined ? {} : { observed: look(value) ?? null }
}
