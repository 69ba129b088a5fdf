import { newId } from '../ids.js'
import { byteLength } from '../json.js'
import { decodeEnvelope, decodeHeartbeat, encodeEnvelope, encodeHeartbeat } from './envelope.js'
import { Outbox } from './outbox.js'
import type { SessionBus } from './session-bus.js'
import { Senders } from './senders.js'
import { Subscriptions } from './subscriptions.js'

/** What carries texts between processes, such as the channels of Redis. Texts may get lost. */
export interface BusChannels {
  /** Whether texts come in now. */
  readonly isUp: boolean
  /** Bytes of UTF-8 that a text may take (default: as many as it likes). */
  readonly maxTextBytes?: number
  /** Sends a text to all who listen to the channel. What fails is lost. */
  send(channel: string, text: string): Promise<unknown>
  /** Resolves when it listens, with a function that ends that. */
  listen(channel: string, onText: (text: string) => void): Promise<() => Promise<void>>
  /** Calls `onGap` whenever texts may have been missed, such as after a new connection, until `close`. */
  watch(onGap: () => void): void
  /** Lets go of what it has opened. Nothing is told any more. */
  close(): Promise<void>
}

// What comes after a quiet time goes at once; what comes within so many milliseconds behind it goes together.
const batchMs = 25
const mostWaiting = 10_000
const heartbeatMs = 1000
// A sender that says nothing for so long may have sent what did not come: with the time until somebody looks, less
// than 2.5 s.
const silenceMs = 2200
const lookMs = 250
const heartbeatChannel = 'beat'

const channelOf = (topic: number): string => `t${String(topic).padStart(2, '0')}`

/**
 * A bus over channels that lose texts. Each text of a process has a number, and a process says once a second how many
 * it has sent, so whoever has missed one learns of it by the next, or within some seconds.
 */
export function channelBus(channels: BusChannels): SessionBus {
  const sender = newId()
  const subscriptions = new Subscriptions()
  const outbox = new Outbox(mostWaiting)
  const senders = new Senders(silenceMs)
  const sent = new Map<number, number>()
  const stops = new Map<string, Promise<() => Promise<void>>>()
  const ends = new Map<string, Promise<void>>()
  let flushing: ReturnType<typeof setTimeout> | undefined
  let beating: ReturnType<typeof setInterval> | undefined
  let looking: ReturnType<typeof setInterval> | undefined
  let flushedAt = -batchMs
  let isClosed = false

  channels.watch(() => {
    senders.clear()
    subscriptions.gap()
  })

  function flush(): void {
    flushing = undefined
    flushedAt = performance.now()
    for (const [topic, batch] of outbox.take()) {
      const number = (sent.get(topic) ?? 0) + 1
      sent.set(topic, number)
      const text = encodeEnvelope({ sender, number, batch })
      const isLong = byteLength(text) > (channels.maxTextBytes ?? Infinity)
      send(channelOf(topic), isLong ? encodeEnvelope({ sender, number, batch: 'all' }) : text)
    }
    beating ??= unheld(setInterval(beat, heartbeatMs))
  }

  function beat(): void {
    send(heartbeatChannel, encodeHeartbeat({ sender, numbers: [...sent] }))
  }

  function send(channel: string, text: string): void {
    // Its number tells receivers that it is missing.
    channels.send(channel, text).catch(() => {})
  }

  function onTopic(topic: number, text: string): void {
    const envelope = decodeEnvelope(text)
    if (envelope?.sender === sender) return
    if (envelope === undefined) return subscriptions.gap([topic])
    const isNext = senders.next(envelope.sender, topic, envelope.number)
    if (envelope.batch === 'all' || !isNext) subscriptions.gap([topic])
    if (envelope.batch !== 'all') subscriptions.tell(envelope.batch)
  }

  function onHeartbeat(text: string): void {
    const heartbeat = decodeHeartbeat(text)
    if (heartbeat === undefined || heartbeat.sender === sender) return
    const missed = heartbeat.numbers.filter(
      ([topic, number]) => subscriptions.has(topic) && !senders.has(heartbeat.sender, topic, number),
    )
    if (missed.length > 0) subscriptions.gap(missed.map(([topic]) => topic))
  }

  function lookForSilence(): void {
    if (senders.anySilent()) subscriptions.gap()
  }

  async function listen(channel: string, onText: (text: string) => void): Promise<void> {
    // The end of an earlier listening would end this one, too.
    const listening =
      stops.get(channel) ?? Promise.resolve(ends.get(channel)).then(() => channels.listen(channel, onText))
    stops.set(channel, listening)
    try {
      await listening
    } catch (error) {
      if (stops.get(channel) === listening) stops.delete(channel)
      throw error
    }
  }

  async function unlisten(topics: readonly number[]): Promise<void> {
    await Promise.all(
      topics
        .filter((topic) => !subscriptions.has(topic))
        .map((topic) => {
          senders.forget(topic)
          return end(channelOf(topic))
        }),
    )
  }

  function end(channel: string): Promise<void> {
    const listening = stops.get(channel)
    if (listening === undefined) return Promise.resolve()
    stops.delete(channel)
    const ending = listening
      .then((stop) => stop())
      .catch(() => {})
      .finally(() => {
        if (ends.get(channel) === ending) ends.delete(channel)
      })
    ends.set(channel, ending)
    return ending
  }

  return {
    get isUp() {
      return !isClosed && channels.isUp
    },

    publish(notices) {
      if (isClosed) return
      subscriptions.tell(notices)
      for (const notice of notices) outbox.add(notice)
      if (!outbox.isEmpty) flushing ??= setTimeout(flush, flushedAt + batchMs - performance.now())
    },

    async subscribe(topics, listener) {
      // First, so that nothing is missed that comes while it begins to listen.
      subscriptions.add(topics, listener)
      try {
        await listen(heartbeatChannel, onHeartbeat)
        await Promise.all(topics.map((topic) => listen(channelOf(topic), (text) => onTopic(topic, text))))
      } catch (error) {
        subscriptions.remove(topics, listener)
        await unlisten(topics)
        throw error
      }
      looking ??= unheld(setInterval(lookForSilence, lookMs))
      return async () => {
        subscriptions.remove(topics, listener)
        await unlisten(topics)
      }
    },

    async close() {
      if (isClosed) return
      clearTimeout(flushing)
      flush()
      isClosed = true
      clearInterval(beating)
      clearInterval(looking)
      subscriptions.clear()
      await Promise.all([...stops.keys()].map(end))
      await Promise.all(ends.values())
      await channels.close()
    },
  }
}

/** A timer that keeps no process alive. */
function unheld<T extends ReturnType<typeof setInterval>>(timer: T): T {
  ;(timer as { unref?: () => void }).unref?.()
  return timer
}
