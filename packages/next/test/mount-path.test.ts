// Before Next's own modules, as Next itself does it.
import 'next/dist/server/node-environment-baseline.js'
import { afterEach, expect, it, vi } from 'vitest'
import { inRequest } from './in-request.js'

afterEach(() => vi.unstubAllEnvs())

it('what has a handle is mounted below the basePath of Next, such as an inspector', async () => {
  // Next's bundlers write it into the module.
  vi.stubEnv('__NEXT_ROUTER_BASEPATH', '/shop')
  vi.resetModules()
  const { toRouteHandlers } = await import('../src/to-route-handlers.js')
  const pages = {
    handle: async (request: Request, mounted?: { readonly mountPath?: string | undefined }) =>
      Response.json([request.url, mounted?.mountPath]),
  }
  for (const handlers of [toRouteHandlers(pages), toRouteHandlers(async () => pages)]) {
    const headers = { host: 'shop.example' }
    const told = await inRequest(
      'http://inner:3000/inspector/sessions?q=a',
      { headers },
      async ({ request }) => (await handlers.GET(request)).json(),
    )
    expect(told).toEqual(['http://shop.example/shop/inspector/sessions?q=a', '/shop'])
  }
})

it('what is no API is refused at the start, and what a function gives instead is no fault of the caller', async () => {
  const { toRouteHandlers } = await import('../src/to-route-handlers.js')
  for (const given of [undefined, null, {}, Promise.resolve({})])
    expect(() => toRouteHandlers(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid', path: 'api' }) as Error,
    )
  for (const given of [undefined, null, {}])
    await inRequest('http://shop.example/route', {}, async ({ request }) => {
      await expect(toRouteHandlers((() => given) as never).GET(request)).rejects.toThrow('gave no API')
    })
})
