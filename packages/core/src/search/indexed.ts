import type { SearchPlace, SearchPosting, SearchWord } from '../domain/search.js'
import { SessionError } from '../errors.js'
import type { Service } from '../service/service.js'
import { type Find, findIn, findTitle, openSession, type OpenedSession, readMessage } from './find.js'
import { isFollowed } from './follow-search.js'
import type { Candidate, Candidates } from './scan.js'
import { type SearchRecorder, searchOf, titleSeq } from './recorder.js'
import type { Searched } from './searched.js'

export const indexOf = (service: Service): SearchRecorder | undefined => searchOf(service)

/** Asks the index, and reads what it proposes. @throws `unavailable` when it does not answer. */
export async function indexed(recorder: SearchRecorder, { tenantId, userId }: Searched) {
  // A caller finds what it has just said.
  const isPut = await recorder.flush(tenantId)
  const user = userId === undefined ? undefined : await recorder.subjects.find({ tenantId, userId })
  const opened = new Map<string, Promise<OpenedSession | undefined>>()
  return {
    kind: 'index',
    isComplete: (await isFollowed(recorder, tenantId)) && isPut,
    async newest(
      searched: Searched,
      after: Candidate['place'] | undefined,
      limit: number,
    ): Promise<Candidates> {
      // Nothing stands for this user, so the index has nothing.
      if (userId !== undefined && user === undefined) return { items: [] }
      const found = await ask(recorder, searched, { user, limit, after })
      const items = found.map((posting): Candidate => {
        const { at, sessionId, seq, score } = posting
        const read = async () => readBack(recorder.service, searched, posting, opened)
        const isTitle = seq === titleSeq
        return {
          place: [at, sessionId, seq],
          sessionId,
          isTitle,
          score: Math.round(score * 1e6) / 1e6,
          at,
          read,
        }
      })
      const last = items.at(-1)
      return found.length < limit || last === undefined ? { items } : { items, next: last.place }
    },
  }
}

async function ask(
  { index, terms }: SearchRecorder,
  { tenantId, words: { words }, roles, hasTitles, from, to, sessionId, order }: Searched,
  {
    user,
    limit,
    after,
  }: { user?: string | undefined; limit: number; after?: Candidate['place'] | undefined },
): Promise<readonly SearchPosting[]> {
  const sealed = (term: string) => terms?.seal(tenantId, term) ?? term
  const question = {
    tenantId,
    // What is sealed has no beginning.
    words: words.map(({ term, prefix }): SearchWord => ({
      terms: [sealed(term)],
      ...(prefix === undefined || terms !== undefined ? {} : { prefix }),
    })),
    roles: hasTitles ? [...roles, 'title' as const] : roles,
    from,
    to,
    user,
    sessionId,
    limit,
    isRanked: order === 'rank',
    ...(after === undefined ? {} : { after: toPlace(after) }),
  }
  try {
    return await index.find(question)
  } catch (cause) {
    throw new SessionError('unavailable', 'The search does not answer.', { cause })
  }
}

function toPlace(place: Candidate['place']): SearchPlace {
  const [at, sessionId, seq] = place as [number, string, number]
  return { at, sessionId, seq }
}

/** What an index proposed, as the store has it now: another caller's, gone, or said differently, it is nothing. */
async function readBack(
  service: Service,
  searched: Searched,
  { sessionId, incarnation, seq }: SearchPosting,
  known: Map<string, Promise<OpenedSession | undefined>>,
): Promise<Find | undefined> {
  const opening = known.get(sessionId) ?? openSession(service, searched, sessionId)
  known.set(sessionId, opening)
  const ref = { tenantId: searched.tenantId, id: sessionId }
  // At once: what the caller may not see is dropped below.
  const reading = seq === titleSeq ? undefined : readMessage(service, ref, seq)
  const [opened, message] = await Promise.all([opening, reading])
  if (opened === undefined || opened.record.incarnation !== incarnation) return undefined
  if (seq === titleSeq) return findTitle(opened, searched)
  return message === undefined ? undefined : findIn(opened, searched, message)
}
