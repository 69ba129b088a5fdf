import {
  begunId,
  copyParts,
  encodeText,
  idTwice,
  isNewerCopy,
  parseStoredRecord,
  partConflict,
  type SessionCopy,
  SessionError,
  type SessionRef,
  toStoredMs,
} from '@sessions/core/store'
import type { ColdStatements } from '../statements/cold-statements.js'
import type { Database, Run } from '../connection/database.js'
import { isDuplicate } from '../connection/errors.js'
import { checkKey } from './known-messages.js'
import type { SessionSteps } from './session-steps.js'

/**
 * Stores sessions as another store has them: part by part into a row that nobody sees, which becomes the session at
 * last.
 */
export class Restorer {
  readonly #database: Database
  readonly #cold: ColdStatements
  readonly #steps: SessionSteps
  readonly #timeoutMs: number

  constructor(
    database: Database,
    cold: ColdStatements,
    { steps, timeoutMs }: { steps: SessionSteps; timeoutMs: number },
  ) {
    this.#database = database
    this.#cold = cold
    this.#steps = steps
    this.#timeoutMs = timeoutMs
  }

  async restore({ tenantId, id }: SessionRef, copy: SessionCopy): Promise<void> {
    for (const part of copyParts(copy)) await this.#restorePart({ tenantId, id }, part)
  }

  async #restorePart(ref: SessionRef, part: SessionCopy): Promise<void> {
    const call = {
      tenant: encodeText(ref.tenantId),
      until: performance.now() + this.#timeoutMs,
      writes: true,
    }
    // While there is no row to lock, another call may make one between two steps, but not for ever.
    for (let tries = 1; tries <= 5; tries++) {
      try {
        return await this.#database.transaction(call, (run) => this.#store(ref, part, run))
      } catch (error) {
        if (!isDuplicate(error)) throw error
      }
    }
    throw new SessionError('unavailable', 'the session is too contended')
  }

  async #store(
    ref: SessionRef,
    { record, body, messages, more = false }: SessionCopy,
    run: Run,
  ): Promise<void> {
    const { beginCopy, strangers, keepCopy, endCopy, find } = this.#cold
    const tenant = encodeText(ref.tenantId)
    const id = encodeText(ref.id)
    const hiddenId = begunId(id)
    const found = await this.#steps.lock(run, { tenant, id })
    const begun = await this.#steps.lock(run, { tenant, id: hiddenId })
    if (found?.live && !isNewerCopy(parseStoredRecord(ref, found.record), record)) {
      await this.#steps.remove(run, { tenant, id: hiddenId })
      return
    }
    const params = { tenant, hiddenId, ...toParams(record), body: encodeText(body) }
    let last = record.trimmedSeq
    let key: string
    const known = begun && parseStoredRecord(ref, begun.record)
    if (known?.incarnation === record.incarnation && known.changes === record.changes) {
      last = known.lastSeq
      key = begun!.key
    } else {
      if (begun !== undefined) await this.#steps.remove(run, { tenant, id: hiddenId })
      const [made] = await run(beginCopy.statement, beginCopy.values(params))
      key = String(made![0])
      await checkKey(run, strangers, { tenant, key })
    }

    if (messages.length > 0 && messages[0]!.seq > last + 1) throw partConflict()
    const fresh = messages.filter(({ seq }) => seq > last)
    if (fresh.length > 0) {
      const ids = fresh.map((message) => encodeText(message.id))
      if ((await run(find.statement, find.values({ tenant, key, ids }))).length > 0) throw idTwice()
      const columns = {
        seqs: fresh.map(({ seq }) => seq),
        ats: fresh.map(({ at }) => at),
        ids,
        payloads: fresh.map(({ payload }) => encodeText(payload)),
      }
      await this.#steps.addMessages(run, { tenant, key }, columns)
      last = fresh.at(-1)!.seq
    }
    if (more) {
      await run(keepCopy.statement, keepCopy.values({ tenant, hiddenId, seq: last }))
      return
    }
    if (last !== record.lastSeq) throw partConflict()
    if (found !== undefined) await this.#steps.remove(run, { tenant, id })
    await run(
      endCopy.statement,
      endCopy.values({ ...params, id, seq: last, expiresAt: record.expiresAt ?? null }),
    )
  }
}

function toParams(record: SessionCopy['record']) {
  const { incarnation, revision, changes, trimmedSeq, bytes, createdAt, updatedAt, activeAt } = record
  const { userId, label, title, lifetime } = record
  const named = (name: string | undefined): string | null => (name === undefined ? null : encodeText(name))
  const names = { user: named(userId), label: named(label), title: named(title) }
  const times = { createdAt, updatedAt, activeAt }
  const own = { idle: toStoredMs(lifetime?.idleMs), absolute: toStoredMs(lifetime?.absoluteMs) }
  const counts = { revision, changes, trimmed: trimmedSeq, bytes }
  return { incarnation: encodeText(incarnation), ...counts, ...own, ...times, ...names }
}
