import { createSessions, isSessionError, type Sessions, type SessionStore } from '@sessions/core'
import { createSessionApi, type SessionApi, type SessionApiOptions } from '@sessions/core/http'
import fc from 'fast-check'
import { type Answer, play, tools, usualAnswer } from './answer.js'
import { call, type FuzzedCall, calls } from './call.js'
import { Finding, inTime, LateFinding } from './finding.js'
import { type FuzzedRequest, requestsTo } from './requests.js'
import { lasts, type Scene, setScene } from './scene.js'
import { send } from './send.js'

/** What is fuzzed, and how often. */
export interface FuzzOptions {
  readonly store: SessionStore
  readonly runs: number
  readonly seed: number
  /** The first run; what a run does follows from the seed and its number alone (default 0). */
  readonly from?: number
  /** Told of each run that has failed (default: nobody is). */
  readonly onFailure?: (failure: Failure) => void
  /** Told how many runs are over (default: nobody is). */
  readonly onProgress?: (runs: number) => void
  /** Puts a fault into the API, for tests of the fuzzer itself (default: none). */
  readonly plant?: (api: SessionApi) => Pick<SessionApi, 'handle'>
}

/** A run that has failed. */
export interface Failure {
  readonly run: number
  readonly what: string
  /** The smallest input that fails. */
  readonly input: string
  readonly isLate: boolean
}

type Step = { readonly request: FuzzedRequest; readonly isCompat: boolean } | { readonly call: FuzzedCall }

/** How many runs are on their way at once: most of a run waits for something. */
const lanes = 8
const mostShown = 4000
/** How long all the steps of a run may take. */
const longestRunMs = 5000
/** So many failures are made again, to find the smallest input of each. */
const mostShrunk = 40

/** Runs steps that nobody would take, each run on sessions of its own, and says which have failed. */
export async function fuzz(options: FuzzOptions): Promise<Failure[]> {
  const { runs, seed, from = 0, onFailure, onProgress } = options
  const bench = new Bench(options)
  const unhandled = (error: unknown): void => bench.note(error)
  process.on('unhandledRejection', unhandled)
  const suspects: Failure[] = []
  let next = from
  const runLane = async (): Promise<void> => {
    while (next < from + runs) {
      const failure = await bench.run(next++, seed, false)
      if (failure !== undefined) suspects.push(failure)
      onProgress?.(next - from)
    }
  }
  try {
    await Promise.all(Array.from({ length: lanes }, runLane))
    const failures: Failure[] = []
    for (const [index, suspect] of suspects.entries()) {
      const failure = await alone(bench, suspect, seed, index < mostShrunk)
      if (failure === undefined) continue
      failures.push(failure)
      onFailure?.(failure)
    }
    return failures
  } finally {
    process.off('unhandledRejection', unhandled)
    await bench.close()
  }
}

/** The failure with the smallest input. What is late where others run, and in time alone, is the machine's. */
async function alone(
  bench: Bench,
  suspect: Failure,
  seed: number,
  isShrunk: boolean,
): Promise<Failure | undefined> {
  const again = await bench.run(suspect.run, seed, isShrunk)
  return again ?? (suspect.isLate ? undefined : suspect)
}

/** Codes of refusals that come after something was stored, and say so. */
const notRefused: ReadonlySet<string> = new Set(['model_failed', 'turn_lost', 'planned', 'unknown_outcome'])

/** Whether time has run out: for a step, for the store, or for the whole run, which has no error then. */
function isLateError(error: unknown): boolean {
  return (
    error === null ||
    error instanceof LateFinding ||
    isSessionError(error, 'unavailable') ||
    isSessionError(error, 'unknown_outcome')
  )
}

class Bench {
  readonly #store: SessionStore
  readonly #sessions: Sessions
  readonly #api: Pick<SessionApi, 'handle'>
  /** The same, for clients of `unified-llm-client`. */
  readonly #compat: Pick<SessionApi, 'handle'>
  readonly #steps: fc.Arbitrary<Step[]>
  readonly #answers = new Map<string, Answer>()
  /** What `onError` was told last, by tenant. */
  readonly #causes = new Map<string, unknown>()
  readonly #unhandled: unknown[] = []
  readonly #prefix = Date.now().toString(36)
  #tenants = 0

  constructor({ store, plant = (api) => api }: FuzzOptions) {
    this.#store = store
    this.#sessions = createSessions({
      store,
      credentialSecrets: ['a secret that only the fuzzer may know'],
      transfers: { url: 'https://fuzz.test/continue', returnToOrigins: ['https://fuzz.test'] },
      turns: { heartbeatMs: 20, flushMs: 5, toolTimeoutMs: 30, queueMs: 100 },
      consent: {},
      audit: { secrets: ['another secret that only the fuzzer may know'] },
      usage: {},
      onWarning: () => {},
    })
    const options: SessionApiOptions = {
      sessions: this.#sessions,
      identify,
      respond: ({ session }) => play(this.#answers.get(session.tenantId) ?? usualAnswer) as never,
      tools,
      clientTools: ['locate'],
      clientRoles: ['user', 'assistant', 'tool'],
      header: true,
      userRoutes: true,
      importRoute: true,
      auditRoutes: true,
      usageRoutes: true,
      analyticsRoutes: true,
      searchRoutes: true,
      onError: (error, request) => this.#causes.set(tenantOf(request), error),
    }
    const api = createSessionApi(options)
    const compat = createSessionApi({ ...options, compat: 'unified-llm-client-0.1' })
    this.#api = plant(api)
    this.#compat = plant(compat)
    const step = fc.oneof<fc.Arbitrary<Step>[]>(
      requestsTo(api).map((request) => ({ request, isCompat: false })),
      requestsTo(compat).map((request) => ({ request, isCompat: true })),
      calls.map((each) => ({ call: each })),
    )
    this.#steps = fc.array(step, { minLength: 1, maxLength: 3, size: 'max' })
  }

  note(error: unknown): void {
    this.#unhandled.push(error)
  }

  async run(run: number, seed: number, isShrunk: boolean): Promise<Failure | undefined> {
    const property = fc.asyncProperty(this.#steps, async (steps) => {
      await this.#take(steps)
      // Rejections that nobody handles are told of a moment later.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#unhandled.length > 0) throw new Finding(`unhandled: ${told(this.#unhandled.pop())}`)
    })
    const { failed, counterexample, errorInstance } = await fc.check(property, {
      seed: Math.imul(seed + 1, 0x9e3779b1) ^ run,
      numRuns: 1,
      endOnFailure: !isShrunk,
      interruptAfterTimeLimit: longestRunMs,
    })
    if (!failed) return undefined
    const isLate = isLateError(errorInstance)
    const what = errorInstance === null ? `the run takes longer than ${longestRunMs} ms` : told(errorInstance)
    return { run, isLate, what, input: counterexample === null ? '' : shown(counterexample[0]) }
  }

  async #take(steps: readonly Step[]): Promise<void> {
    const scene = await setScene(this.#sessions, this.#store, `${this.#prefix}-${this.#tenants++}`)
    for (const step of steps) {
      const before = await scene.digest()
      const refused = await this.#settled(scene, step)
      if (refused === undefined || notRefused.has(refused)) continue
      const after = await scene.digest()
      if (after !== before)
        throw new Finding(`a call refused as ${refused} has stored something: ${difference(before, after)}`)
    }
    await this.#isUsable(scene)
  }

  /** The code that a step is refused with; undefined when it is not. */
  async #settled(scene: Scene, step: Step): Promise<string | undefined> {
    this.#causes.delete(scene.tenantId)
    // An answer that never comes is cancelled: that is how it ends.
    const cancelling = hangs(step) ? setInterval(() => void cancelAll(scene), 20) : undefined
    try {
      return await inTime(
        'request' in step ? 'a request' : `${step.call.on}.${step.call.verb}`,
        this.#takeOne(scene, step),
      )
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      if (!this.#causes.has(scene.tenantId)) throw error
      const Kind = error instanceof LateFinding ? LateFinding : Finding
      throw new Kind(`${error.message}\n${told(this.#causes.get(scene.tenantId))}`)
    } finally {
      clearInterval(cancelling)
    }
  }

  async #takeOne(scene: Scene, step: Step): Promise<string | undefined> {
    if ('call' in step) return (await call(this.#store, scene, step.call)).refused
    this.#answers.set(scene.tenantId, step.request.answer)
    try {
      const answered = await send(step.isCompat ? this.#compat : this.#api, scene, step.request)
      // Who hangs up may still have been heard.
      if (answered === undefined || answered.status >= 500 || step.request.hangsUp !== 'never')
        return undefined
      return answered.code
    } finally {
      this.#answers.delete(scene.tenantId)
    }
  }

  /** A turn works, whatever was done before. */
  async #isUsable({ mine, session }: Scene): Promise<void> {
    const found = await mine.find(session.id)
    if (found === undefined || !lasts(found.record)) return
    const turn = found.turn('Still there?', () => 'Yes')
    const result = await inTime('the turn afterwards', turn.result)
    if (result.status !== 'completed') throw new Finding(`the turn afterwards ends as ${result.status}`)
  }

  async close(): Promise<void> {
    await this.#sessions.close()
  }
}

function hangs(step: Step): boolean {
  if ('request' in step) return true
  return step.call.verb === 'turn'
}

async function cancelAll({ session, guest }: Scene): Promise<void> {
  await Promise.allSettled([session.cancel(), guest.cancel()])
}

function tenantOf(request: Request): string {
  return request.headers.get('authorization')?.slice('Bearer '.length).split('/')[0] ?? ''
}

function identify(request: Request) {
  const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (token === undefined || token === 'nobody') return Response.json({ error: 'who?' }, { status: 401 })
  const [tenantId, userId, role] = token.split('/')
  return {
    tenantId: tenantId!,
    ...(userId === undefined ? {} : { userId }),
    ...(role === undefined ? {} : { roles: [role] }),
  }
}

function shown(steps: readonly Step[]): string {
  try {
    const text = fc.stringify(steps)
    return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text
  } catch {
    return 'nested too deep to be shown'
  }
}

/** Where two texts part, with a little around it. */
function difference(before: string, after: string): string {
  let at = 0
  while (before[at] === after[at]) at++
  const around = (text: string): string => text.slice(Math.max(0, at - 80), at + 120)
  return `${around(before)} became ${around(after)}`
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined || error instanceof Finding ? '' : `\ncause: ${told(error.cause)}`
  return `${error instanceof Finding ? error.message : (error.stack ?? error.message)}${cause}`
}
