/** A session, as far as its label says who goes on with it. */
export interface Labelled {
  readonly id: string
  readonly label?: string | undefined
}

const most = 8
const shortId = 22

/**
 * The label of a session that goes on with these devices alone, the newest last. Every page hears of a change of a
 * label. It names the session, because forks and copies take the label along and are held by nobody.
 */
export function toHolderLabel(id: string, devices: readonly string[]): string {
  return `held:${id.slice(0, shortId)}:${devices.slice(-most).join(',')}`
}

/** The devices that go on with a session; undefined when each of its guest's does. */
export function holdersOf({ id, label }: Labelled): readonly string[] | undefined {
  const before = `held:${id.slice(0, shortId)}:`
  return label?.startsWith(before) === true ? label.slice(before.length).split(',') : undefined
}

/** Whether a session was moved, and this device may only read it. */
export function isElsewhere(session: Labelled, device: string): boolean {
  return holdersOf(session)?.includes(device) === false
}
