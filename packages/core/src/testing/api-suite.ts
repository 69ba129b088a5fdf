import { describe, test } from 'vitest'
import { type ApiChapter, ApiClient } from './api-case.js'
import type { FetchLike } from './description.js'
import { auditCases } from './api-cases/audit.js'
import { searchCases } from './api-cases/search.js'
import { analyticsCases } from './api-cases/analytics.js'
import { usageCases } from './api-cases/usage.js'
import { contentCases } from './api-cases/contents.js'
import { exportCases } from './api-cases/exports.js'
import { messageChangeCases } from './api-cases/message-changes.js'
import { protocolCases } from './api-cases/protocol.js'
import { repeatCases } from './api-cases/repeats.js'
import { safetyCases } from './api-cases/safety.js'
import { sessionCases } from './api-cases/sessions.js'
import { transferCases } from './api-cases/transfers.js'
import { turnFormCases } from './api-cases/turn-forms.js'
import { turnCases } from './api-cases/turns.js'
import { userCases } from './api-cases/users.js'

/** Everything every mount of the API must show. */
export const apiChapters: readonly ApiChapter[] = [
  sessionCases,
  contentCases,
  turnCases,
  turnFormCases,
  messageChangeCases,
  exportCases,
  repeatCases,
  safetyCases,
  transferCases,
  userCases,
  auditCases,
  usageCases,
  analyticsCases,
  searchCases,
  protocolCases,
]

/**
 * Registers with vitest what every mount of the session HTTP API must show, whatever the framework. There are no
 * switches.
 *
 * @param fetchLike reaches an app that has mounted `apiFixture()`, over real sockets. Paths begin with `/sessions`,
 * `/transfers`, `/users`, `/audit`, `/usage` or `/analytics`.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { toNodeHandler } from '@sessions/core/node'
 * import { apiFixture, describeSessionApi } from '@sessions/core/testing'
 *
 * const server = createServer(toNodeHandler(apiFixture())).listen(0, '127.0.0.1')
 *
 * describeSessionApi('my mount', (path, init) => {
 *   const { port } = server.address() as AddressInfo
 *   return fetch(`http://127.0.0.1:${port}${path}`, init)
 * })
 * ```
 */
export function describeSessionApi(name: string, fetchLike: FetchLike): void {
  describe(name, () => {
    const client = new ApiClient(fetchLike)
    for (const chapter of apiChapters) {
      describe(chapter.title, () => {
        for (const { title, run } of chapter.cases) test(title, () => run(client))
      })
    }
  })
}
