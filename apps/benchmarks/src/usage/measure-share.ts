import { createSessions, type Session, type SessionsOptions } from '@sessions/core'
import { type createPostgresPool, postgresStore, postgresUsageLog } from '@sessions/store-postgres'

const rounds = 80
const perRound = 20
// What runs for the first time is slower, whichever it is.
const warmUp = 20
// A turn ends with an entry of the log, an append with none. A busy machine tells some percent more or less.
const bars: Readonly<Record<string, number>> = { 'an append': 5, 'a turn': 10 }

/** What the log of usage adds to a verb, in percent of it without the log. */
export interface Share {
  readonly name: string
  readonly percent: number
  readonly bar: number
}

/**
 * What a log in Postgres adds to an append and to a turn, of one after the other. In the time that this process and its
 * thread compute, for the rest is waiting: for the store, and beside the verb for the log.
 */
export async function measureShare(pool: ReturnType<typeof createPostgresPool>): Promise<readonly Share[]> {
  const options: SessionsOptions = {
    store: postgresStore(pool),
    credentialSecrets: ['a secret of the benchmark, long enough'],
  }
  const plain = createSessions(options)
  const logging = createSessions({ ...options, usage: { log: postgresUsageLog(pool) } })
  const verbs: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
    'an append': (session) => session.append({ role: 'user', content: 'Two blue phones, please' }),
    'a turn': (session) =>
      session.turn('Two blue phones, please', async function* () {
        yield { type: 'usage', inputTokens: 900, outputTokens: 20, provider: 'p', model: 'm' }
        yield 'Which ones?'
      }).result,
  }
  const shares: Share[] = []
  for (const [name, verb] of Object.entries(verbs)) {
    const spent: [number[], number[]] = [[], []]
    for (let round = -warmUp; round < rounds; round++) {
      // Each is the first one as often as the other.
      for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
        const sessions = which === 0 ? plain : logging
        const session = await sessions.for({ tenantId: 'share', userId: 'alice' }).create()
        const begun = process.cpuUsage()
        for (let count = 0; count < perRound; count++) await verb(session)
        await sessions.settled()
        const { user, system } = process.cpuUsage(begun)
        if (round >= 0) spent[which]!.push(user + system)
      }
    }
    const [without, having] = spent.map(undisturbed) as [number, number]
    const percent = Math.round((having / without - 1) * 1000) / 10
    shares.push({ name, percent, bar: bars[name]! })
  }
  return shares
}

/** The mean of the quickest fifth: other work on the machine makes the others slower, each as it comes. */
function undisturbed(numbers: readonly number[]): number {
  const quickest = numbers.toSorted((one, other) => one - other).slice(0, Math.ceil(numbers.length / 5))
  return quickest.reduce((sum, each) => sum + each, 0) / quickest.length
}
