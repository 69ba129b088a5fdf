import { isSessionError, SessionError, type SessionRef, type SessionStore } from '@sessions/core/store'
import { type MapBody, parseMapBody } from './map-body.js'
import { MapView } from './map-view.js'
import type { ShardRoute } from './shard-route.js'
import type { Timing } from './timing.js'

const mapRef: SessionRef = { tenantId: '~shards', id: 'map' }
const maxTries = 20
const maxReads = 3

/**
 * The map of partitions, kept as a session of a reserved tenant. Its body is under compare-and-set, and every process
 * reads it again each second while it works. A process writes only while it has read the map within the last `leaseMs`:
 * so whoever changes the map knows when nobody goes by the old one any more.
 */
export class ShardMap {
  readonly leaseMs: number
  readonly timing: Timing
  readonly #home: SessionStore | undefined
  readonly #route: ShardRoute
  #view: MapView | undefined
  /** When the newest read of the map that has answered was sent. */
  #readAt = -Infinity
  /** When the home last failed to answer; not kept once it has answered. */
  #failedAt = -Infinity
  #running: Promise<MapView> | undefined
  #waiting: Promise<MapView> | undefined

  constructor(home: SessionStore | undefined, route: ShardRoute, leaseMs: number, timing: Timing) {
    this.leaseMs = leaseMs
    this.timing = timing
    this.#home = home
    this.#route = route
    // Without a home nothing moves, and nothing has to be asked.
    if (home === undefined) this.#view = new MapView({ epoch: 0, dealt: route.dealt, moved: {} }, Infinity)
  }

  /** How long after a change of the map nobody goes by the old one. It includes time for writes that are on their way. */
  get graceMs(): number {
    return this.leaseMs * 1.4
  }

  /** The map to write by; undefined when it has to be read first. */
  leased(): MapView | undefined {
    const view = this.#view
    if (view === undefined || !this.isLeased(view)) return undefined
    const isOld = this.#home !== undefined && this.timing.now() - this.#readAt >= this.leaseMs / 5
    if (isOld && this.#running === undefined) void this.refresh().catch(() => {})
    return view
  }

  isLeased(view: MapView): boolean {
    return this.timing.now() < view.until
  }

  /** The map to write by. @throws `unavailable` when it cannot be read. */
  async toWrite(): Promise<MapView> {
    for (let tries = 1; tries <= maxReads; tries++) {
      const view = this.leased() ?? (await this.refresh())
      if (this.isLeased(view)) return view
    }
    throw new SessionError('unavailable', 'The map of partitions is not read in time.')
  }

  /**
   * Whether a call that went by `view` counts, now that it was answered: nobody has gone by another map meanwhile.
   *
   * @throws `unavailable` when the map cannot be read.
   */
  async isStill(view: MapView): Promise<boolean> {
    return this.isLeased(view) || (await this.toWrite()).body.epoch === view.body.epoch
  }

  /**
   * The map to read by: while the home does not answer, the one that was read last.
   *
   * @throws `unavailable` for a process that has never read it.
   */
  async toRead(): Promise<MapView> {
    const leased = this.leased()
    if (leased !== undefined) return leased
    const known = this.#view
    // A home that hangs fails late, and no read must wait for that each time. Who has not asked for longer than this waits:
    // meanwhile a partition may have moved. A move takes more.
    if (known !== undefined && this.timing.now() - this.#failedAt < 2 * this.leaseMs) {
      if (this.#running === undefined) void this.refresh().catch(() => {})
      return known
    }
    return this.#orKnown(this.#running ?? this.refresh())
  }

  /** Has read the map, at any time. @throws as the home does, for a process that has never read it. */
  async ready(): Promise<void> {
    if (this.#view === undefined) await this.refresh()
  }

  /** As `toRead`, but read after this call was made: a partition that is frozen may get its new owner at any moment. */
  async newest(): Promise<MapView> {
    return this.#orKnown(this.refresh())
  }

  async #orKnown(read: Promise<MapView>): Promise<MapView> {
    try {
      return await read
    } catch (error) {
      if (this.#view === undefined) throw error
      return this.#view
    }
  }

  /** The map, read after this call was made. */
  refresh(): Promise<MapView> {
    // A read that is under way was sent before.
    if (this.#running !== undefined) {
      const running = this.#running
      this.#waiting ??= running
        .catch(() => {})
        .then(() => {
          this.#waiting = undefined
          return this.refresh()
        })
      return this.#waiting
    }
    const running = this.#read()
      .then(
        (view) => {
          this.#failedAt = -Infinity
          return view
        },
        (error: unknown) => {
          this.#failedAt = this.timing.now()
          throw error
        },
      )
      .finally(() => {
        this.#running = undefined
      })
    this.#running = running
    return running
  }

  /**
   * Changes the map under compare-and-set. The function runs again when another process was faster.
   *
   * @param change Returns the new map, or undefined to leave it.
   */
  async change(change: (body: MapBody) => MapBody | undefined): Promise<MapView> {
    if (this.#home === undefined) {
      throw new SessionError('invalid', 'Partitions move only with a home, where the map is kept.', {
        path: 'home',
      })
    }
    for (let tries = 1; ; tries++) {
      const sentAt = this.timing.now()
      const { body, revision } = await this.#load(this.#home)
      const changed = change(body)
      if (changed === undefined) return this.#known(body, sentAt)
      try {
        await this.#home.commit(mapRef, { revision, body: JSON.stringify(changed) })
        return this.#known(changed, sentAt)
      } catch (error) {
        const isLost = isSessionError(error, 'conflict') || isSessionError(error, 'unknown_outcome')
        if (!isLost) throw error
        if (tries === maxTries) {
          throw new SessionError('unavailable', 'The map of partitions changes all the time.', {
            cause: error,
          })
        }
      }
    }
  }

  async #read(): Promise<MapView> {
    if (this.#home === undefined) return this.#view!
    const sentAt = this.timing.now()
    const { body } = await this.#load(this.#home)
    return this.#known(body, sentAt)
  }

  async #load(home: SessionStore): Promise<{ body: MapBody; revision: number }> {
    for (;;) {
      const stored = await home.read(mapRef)
      if (stored !== undefined) {
        const body = parseMapBody(stored.body)
        this.#checkDealt(body)
        const { revision } = stored.record
        const added = this.#newIn(body)
        if (added.length === 0) return { body, revision }
        // Before anything is written by it: of two processes with different lists, the second one is refused.
        await this.#store(home, revision, { ...body, added: [...(body.added ?? []), ...added] })
        continue
      }
      // A map that was there may know of moves: without it, sessions would be looked for where they are not.
      if (this.#view !== undefined) {
        throw new SessionError('unavailable', 'The map of partitions is gone from its home.')
      }
      await this.#store(home, 0, { epoch: 1, dealt: this.#route.dealt, moved: {} })
    }
  }

  /** Stores a map that is read again afterwards, whoever was faster. */
  async #store(home: SessionStore, revision: number, body: MapBody): Promise<void> {
    try {
      await home.commit(mapRef, { revision, body: JSON.stringify(body) })
    } catch (error) {
      if (!isSessionError(error, 'conflict') && !isSessionError(error, 'unknown_outcome')) throw error
    }
  }

  #newIn({ dealt, added = [] }: MapBody): string[] {
    return this.#route.dealt.filter((text) => !dealt.includes(text) && !added.includes(text))
  }

  #checkDealt(body: MapBody): void {
    const { dealt } = this.#route
    // A process whose table lacks a hash that was added later is one that has not got the new table yet.
    const isKnown = (text: string) => dealt.includes(text) || !dealt.some((own) => isOfOne(own, text))
    if (body.dealt.every((text) => dealt.includes(text)) && (body.added ?? []).every(isKnown)) return
    throw new SessionError(
      'invalid',
      'The shards of a hashRoute are others than when the map was made. Leave them, and move partitions.',
      { path: 'route' },
    )
  }

  #known(body: MapBody, sentAt: number): MapView {
    const known = this.#view
    const until = sentAt + this.leaseMs
    if (known !== undefined && known.body.epoch > body.epoch) return known
    this.#readAt = Math.max(this.#readAt, sentAt)
    if (known?.body.epoch !== body.epoch) return (this.#view = new MapView(body, until))
    known.until = Math.max(known.until, until)
    // A beat changes the move and not the epoch.
    if (known.body.move?.beat === body.move?.beat) return known
    return (this.#view = new MapView(body, known.until))
  }
}

/** Whether two texts say how one and the same hash of a route was dealt. */
function isOfOne(one: string, other: string): boolean {
  const [place, otherPlace] = [one, other].map((text) => text.slice(0, text.indexOf('[')))
  return place === otherPlace
}
