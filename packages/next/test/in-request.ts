// Before Next's own modules, as Next itself does it.
import 'next/dist/server/node-environment-baseline.js'
import { createRequestStoreForAPI } from 'next/dist/server/async-storage/request-store.js'
import { workAsyncStorage } from 'next/dist/server/app-render/work-async-storage.external.js'
import { workUnitAsyncStorage } from 'next/dist/server/app-render/work-unit-async-storage.external.js'
import { NextRequest } from 'next/server.js'

/** What Next has of a request. */
export interface InRequest {
  readonly request: NextRequest
  /** The cookies that were set, as headers of a response. */
  readonly cookies: string[]
  /** What Next was told to wait for. */
  readonly waited: unknown[]
  /** Moves Next on, as it does before `after()`. */
  readonly moveTo: (phase: 'action' | 'render' | 'after') => void
}

/** Runs a handler as Next does, with Next's own store of the request. */
export async function inRequest<Result>(
  url: string,
  init: RequestInit,
  handle: (given: InRequest) => Promise<Result>,
): Promise<Result> {
  const request = new NextRequest(url, init as never)
  const cookies: string[] = []
  const waited: unknown[] = []
  const store = createRequestStoreForAPI(
    request as never,
    request.nextUrl,
    undefined as never,
    (set: string[]) => void cookies.splice(0, cookies.length, ...set),
    undefined,
    undefined,
  )
  const work = { route: '/route', afterContext: { after: (task: unknown) => void waited.push(task) } }
  const moveTo = (phase: 'action' | 'render' | 'after'): void => void (store.phase = phase)
  return workAsyncStorage.run(work as never, () =>
    workUnitAsyncStorage.run(store, () => handle({ request, cookies, waited, moveTo })),
  )
}
