import { isSameText } from '../digest.js'
import { type SigningKey, toSigningKey } from '../domain/signing-key.js'

/** A lane of a tenant. */
export interface LanePlace {
  readonly tenantId: string
  readonly lane: string
}

/** How far a lane is, as its body says. */
export interface LaneHead {
  /** The key that signed it. */
  readonly kid: string
  /** The newest entry, 0 when there is none, and its hash. */
  readonly seq: number
  readonly hash: string
  /** Entries up to and including this one were dropped by retention. */
  readonly from: number
  readonly mac: string
}

/** An entry as it is stored: who signed it, its number, the hash of the entry before it, its own hash, and its text. */
export interface Link {
  readonly kid: string
  readonly seq: number
  readonly previous: string
  readonly hash: string
  readonly text: string
}

/** What stands in the first entry in place of the hash of an entry before it. */
export const noHash = 'A'.repeat(43)

const encoder = new TextEncoder()

/** Signs and checks lanes with a ring of secrets: the first signs, all check. */
export class AuditKeys {
  readonly #secrets: readonly string[]
  #ring: Promise<readonly SigningKey[]> | undefined

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  /** The next link of a lane. */
  async link(place: LanePlace, previous: string, seq: number, text: string): Promise<Link> {
    const key = (await this.#keys())[0]!
    return { kid: key.kid, seq, previous, hash: await hashOf(key, place, previous, seq, text), text }
  }

  async head(place: LanePlace, { seq, hash, from }: Omit<LaneHead, 'kid' | 'mac'>): Promise<LaneHead> {
    const key = (await this.#keys())[0]!
    return { kid: key.kid, seq, hash, from, mac: await macOf(key, place, { seq, hash, from }) }
  }

  /** Whether a link was made for this lane, with its number. */
  async isAuthentic(place: LanePlace, { kid, seq, previous, hash, text }: Link): Promise<boolean> {
    const key = await this.#keyOf(kid)
    return key !== undefined && isSameText(await hashOf(key, place, previous, seq, text), hash)
  }

  async isHeadAuthentic(place: LanePlace, head: LaneHead): Promise<boolean> {
    const key = await this.#keyOf(head.kid)
    return key !== undefined && isSameText(await macOf(key, place, head), head.mac)
  }

  /** Whether the secret that signs with this id is in the ring. */
  async has(kid: string): Promise<boolean> {
    return (await this.#keyOf(kid)) !== undefined
  }

  async #keyOf(kid: string): Promise<SigningKey | undefined> {
    return (await this.#keys()).find((each) => each.kid === kid)
  }

  #keys(): Promise<readonly SigningKey[]> {
    return (this.#ring ??= Promise.all(this.#secrets.map(toSigningKey)))
  }
}

/** A link as a store keeps it. */
export function encodeLink({ kid, seq, previous, hash, text }: Link): string {
  return `${kid} ${seq} ${previous} ${hash} ${text}`
}

/** Undefined for a payload that is no link. */
export function decodeLink(payload: string): Link | undefined {
  const [, kid, seq, previous, hash, text] =
    /^(\S{8}) (\d{1,15}) (\S{43}) (\S{43}) ([\s\S]*)$/.exec(payload) ?? []
  if (text === undefined) return undefined
  return { kid: kid!, seq: Number(seq), previous: previous!, hash: hash!, text }
}

/** Undefined for a body that is none of a lane. */
export function decodeHead(body: string): LaneHead | undefined {
  let head: Partial<LaneHead> | null
  try {
    head = JSON.parse(body) as Partial<LaneHead> | null
  } catch {
    return undefined
  }
  const { kid, seq, hash, from, mac } = head ?? {}
  const isWhole = [kid, hash, mac].every((each) => typeof each === 'string')
  if (!isWhole || typeof seq !== 'number' || typeof from !== 'number') return undefined
  return { kid: kid!, seq, hash: hash!, from, mac: mac! }
}

const hashOf = (
  key: SigningKey,
  { tenantId, lane }: LanePlace,
  previous: string,
  seq: number,
  text: string,
): Promise<string> => signed(key, ['audit entry', tenantId, lane, String(seq), previous, text])

const macOf = (
  key: SigningKey,
  { tenantId, lane }: LanePlace,
  { seq, hash, from }: Pick<LaneHead, 'seq' | 'hash' | 'from'>,
): Promise<string> => signed(key, ['audit head', tenantId, lane, String(seq), hash, String(from)])

async function signed(key: SigningKey, parts: readonly string[]): Promise<string> {
  return key.sign(lengthPrefixed(parts))
}

/** Each part after its length: no two lists of parts give the same bytes. */
function lengthPrefixed(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = parts.map((part) => encoder.encode(part))
  const all = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0))
  const view = new DataView(all.buffer)
  let at = 0
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length)
    all.set(bytes, at + 4)
    at += 4 + bytes.length
  }
  return all
}
