import { SessionError } from '../errors.js'
import { newId } from '../ids.js'
import { byteLength } from '../json.js'
import { timerMs } from '../time.js'
import { within } from '../async/within.js'
import {
  type Bundle,
  decodeBundle,
  decodeEnvelope,
  decodeHeartbeat,
  encodeBundle,
  encodeEnvelope,
  encodeHeartbeat,
  type Envelope,
} from './envelope.js'
import { Hearing } from './hearing.js'
import { Outbox } from './outbox.js'
import type { SessionBus } from './session-bus.js'
import { Senders } from './senders.js'
import { busClosed, Subscriptions } from './subscriptions.js'

/**
 * What carries texts between processes, such as the channels of Redis. Texts may get lost. A process that listens to a
 * channel gets its own texts, too: by them it knows that it hears anything.
 */
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
  /** Makes a new connection, if it can: nothing has come for some seconds, although the old one seems to be up. */
  restart?(): void
  /** Lets go of what it has opened. Nothing is told any more. */
  close(): Promise<void>
}

// What comes after a quiet time goes at once; what comes within so many milliseconds behind it goes together.
const batchMs = 25
// A text costs sender and carrier as much as some commits. So a process that commits a lot sends fewer, and what it
// tells waits half of this on average, no longer than what a process with few commits tells.
const busyBatchMs = 45
const manyNotices = 16
// A text costs sender and carrier a tenth of a commit and more. So what is of that many topics goes in one, on a channel
// that all listen to, unless it is long: those who listen to few topics need not read it.
const manyTopics = 4
const mostBundleBytes = 64 * 1024
const mostWaiting = 10_000
const heartbeatMs = 1000
// A sender that says nothing for so long may have sent what did not come: with the time until somebody looks, less
// than 2.5 s.
const silenceMs = 2200
const lookMs = 250
// What is asked of a carrier that does not answer ends after this.
const listenMs = 5000
const stopMs = 1000
// Texts that are under way, in characters, with about what a client takes for each: of more, texts are left out.
const mostUnderWay = 4_000_000
const eachTakes = 500
const heartbeatChannel = 'beat'
const bundleChannel = 'many'

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
  const hearing = new Hearing(silenceMs)
  const sent = new Map<number, number>()
  const stops = new Map<string, Promise<() => Promise<void>>>()
  const ends = new Map<string, Promise<void>>()
  let flushing: ReturnType<typeof setTimeout> | undefined
  let beating: ReturnType<typeof setInterval> | undefined
  let looking: ReturnType<typeof setInterval> | undefined
  let flushAt = 0
  let added = 0
  let underWay = 0
  let wasUp = channels.isUp
  let isClosed = false

  channels.watch(beginAnew)

  /** Texts may have been missed: whoever listens looks. */
  function beginAnew(): void {
    wasUp = channels.isUp
    senders.clear()
    hearing.begin()
    subscriptions.gap()
  }

  function flush(): void {
    flushing = undefined
    flushAt = performance.now() + (added < manyNotices ? batchMs : busyBatchMs)
    added = 0
    const parts = outbox.take().map(([topic, batch]) => {
      const number = (sent.get(topic) ?? 0) + 1
      sent.set(topic, number)
      return { topic, number, batch }
    })
    const bundle = parts.length < manyTopics ? undefined : encodeBundle({ sender, parts })
    if (bundle !== undefined && fits(bundle, mostBundleBytes)) send(bundleChannel, bundle)
    else for (const part of parts) sendPart(part)
    beginToBeat()
  }

  function sendPart({ topic, number, batch }: Bundle['parts'][number]): void {
    const text = encodeEnvelope({ sender, number, batch })
    send(channelOf(topic), fits(text) ? text : encodeEnvelope({ sender, number, batch: 'all' }))
  }

  function fits(text: string, most = Infinity): boolean {
    const mostBytes = Math.min(most, channels.maxTextBytes ?? Infinity)
    return mostBytes === Infinity || byteLength(text) <= mostBytes
  }

  function beginToBeat(): void {
    if (!isClosed) beating ??= unheld(setInterval(beat, heartbeatMs))
  }

  function beat(): void {
    send(heartbeatChannel, encodeHeartbeat({ sender, numbers: [...sent] }))
  }

  function send(channel: string, text: string): void {
    // Its number tells receivers that it is missing.
    if (underWay >= mostUnderWay) return
    const takes = text.length + eachTakes
    underWay += takes
    const done = (): void => {
      underWay -= takes
    }
    channels.send(channel, text).then(done, done)
  }

  function heard(): void {
    if (!hearing.hear()) subscriptions.gap()
  }

  function onTopic(topic: number, text: string): void {
    heard()
    const envelope = decodeEnvelope(text)
    if (envelope?.sender === sender) return
    if (envelope === undefined) return subscriptions.gap([topic])
    receive(topic, envelope)
  }

  function onBundle(text: string): void {
    heard()
    const bundle = decodeBundle(text)
    if (bundle === undefined) return subscriptions.gap()
    if (bundle.sender === sender) return
    for (const { topic, ...part } of bundle.parts) {
      if (subscriptions.has(topic)) receive(topic, { sender: bundle.sender, ...part })
    }
  }

  function receive(topic: number, { sender, number, batch }: Envelope): void {
    const isNext = senders.next(sender, topic, number)
    if (batch === 'all' || !isNext) subscriptions.gap([topic])
    if (batch !== 'all') subscriptions.tell(batch)
  }

  function onHeartbeat(text: string): void {
    heard()
    const heartbeat = decodeHeartbeat(text)
    // Of who has sent nothing nothing is missing, neither now nor when it has ended.
    if (heartbeat === undefined || heartbeat.sender === sender || heartbeat.numbers.length === 0) return
    const missed = heartbeat.numbers.filter(
      ([topic, number]) => subscriptions.has(topic) && !senders.has(heartbeat.sender, topic, number),
    )
    if (missed.length > 0) subscriptions.gap(missed.map(([topic]) => topic))
  }

  function lookForSilence(): void {
    // A carrier may tell of a new connection alone: until then whoever waits for notices would wait in vain.
    if (channels.isUp !== wasUp) return beginAnew()
    // Of a connection that is known to be gone nothing is expected.
    const silence = channels.isUp ? hearing.look() : undefined
    const isAnySilent = senders.anySilent()
    // Who hears nothing at all is told once, and again when something comes.
    if (silence === 'fell' || (isAnySilent && !hearing.isDeaf)) subscriptions.gap()
    if (silence === 'lasts') channels.restart?.()
  }

  async function listen(channel: string, onText: (text: string) => void): Promise<void> {
    // The end of an earlier listening would end this one, too.
    const listening =
      stops.get(channel) ?? Promise.resolve(ends.get(channel)).then(() => beginListening(channel, onText))
    stops.set(channel, listening)
    try {
      await listening
    } catch (error) {
      if (stops.get(channel) === listening) stops.delete(channel)
      throw error
    }
  }

  async function beginListening(channel: string, onText: (text: string) => void) {
    const listening = channels.listen(channel, onText)
    const stop = await within(listenMs, listening)
    if (stop !== undefined) return stop
    // What begins after all, ends.
    listening.then((late) => late()).catch(() => {})
    throw new SessionError('unavailable', `the bus cannot listen: no answer within ${listenMs} ms`)
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
      .then((stop) => within(stopMs, stop()))
      .catch(() => {})
      .finally(() => {
        if (ends.get(channel) === ending) ends.delete(channel)
      })
    ends.set(channel, ending)
    return ending
  }

  return {
    get isUp() {
      return !isClosed && channels.isUp && !hearing.isDeaf
    },

    publish(notices) {
      if (isClosed) return
      subscriptions.tell(notices)
      for (const notice of notices) outbox.add(notice)
      added += notices.length
      if (!outbox.isEmpty) flushing ??= setTimeout(flush, timerMs(flushAt - performance.now()))
    },

    async subscribe(topics, listener) {
      if (isClosed) throw busClosed()
      // First, so that nothing is missed that comes while it begins to listen.
      subscriptions.add(topics, listener)
      try {
        await Promise.all([listen(heartbeatChannel, onHeartbeat), listen(bundleChannel, onBundle)])
        await Promise.all(topics.map((topic) => listen(channelOf(topic), (text) => onTopic(topic, text))))
        // Nothing would end what begins now.
        if (isClosed) throw busClosed()
      } catch (error) {
        subscriptions.remove(topics, listener)
        await unlisten(topics)
        throw error
      }
      if (looking === undefined) hearing.begin()
      looking ??= unheld(setInterval(lookForSilence, lookMs))
      beginToBeat()
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
      // Nobody is told of anything from now on.
      subscriptions.gap()
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
