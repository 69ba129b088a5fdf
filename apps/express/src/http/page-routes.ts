import { createHash } from 'node:crypto'
import { isSessionError, type JsonObject, newId, type Respond, type Session } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { findSession, getSession } from '@sessions/express'
import { type ErrorRequestHandler, type Request, type Response, Router, urlencoded } from 'express'
import { z } from 'zod'
import { readConversation } from '../assistant/conversation.js'
import { toCartItem } from '../assistant/outcome.js'
import { findProduct, findProducts } from '../catalogue/catalogue.js'
import { newPage, orderPage, troublePage } from '../pages/sheets.js'
import { markOf, type ShopPage, shopPage, side } from '../pages/shop-page.js'
import { toFailure } from './envelope.js'
import { preferencesSchema, readBody } from './input.js'

export interface PageRoutesOptions {
  assistant: Respond
  stop?: AbortSignal | undefined
}

const quantity = z.coerce.number().int()
const askSchema = z.object({ q: z.string() })
const addSchema = z.object({ sku: z.string().min(1).max(200) })
const quantitySchema = z.object({ itemId: z.string().min(1).max(200), quantity: quantity.min(0).max(10_000) })
const checkoutSchema = z.object({ seen: z.string().max(60_000) })
const wordsSchema = z.object({
  budget_range: z.string().max(100).default(''),
  preferred_brands: z.string().max(300).default(''),
  device_type: z.string().max(300).default(''),
})

/** The shop as pages. Each form leads back to the shop, without JavaScript; the script does the same in place. */
export function pageRoutes({ assistant, stop }: PageRoutesOptions): Router {
  const router = Router()
  router.use('/page', urlencoded({ extended: false, limit: '100kb' }))

  router.get('/', async (req, res) => sendShop(req, res))

  router.get('/page/side', async (req, res) => {
    sendPage(res, side(await readShop(await findSession(req))).text)
  })

  router.post('/page/ask', async (req, res) => {
    // What is cut off may begin in the middle of a character.
    const question = readBody(req, askSchema)
      .q.trim()
      .slice(0, 4000)
      .replace(/\p{Surrogate}$/u, '')
    if (question === '') return sendShop(req, res, { notice: 'Say what you are looking for.' })
    const session = await getSession(req)
    const signal = stop === undefined ? {} : { signal: stop }
    const turn = session.turn({ id: newId(), content: question }, assistant, { policy: 'queue', ...signal })
    const { status } = await turn.result
    if (status !== 'failed') return res.redirect(303, '/')
    await sendShop(req, res, { notice: 'The assistant has failed. Ask again in a moment.', question })
  })

  router.post('/page/add', async (req, res) => {
    const product = findProduct(readBody(req, addSchema).sku)
    if (product === undefined) return sendShop(req, res, { notice: 'The shop does not have that any more.' })
    const { cart } = await getSession(req)
    try {
      await cart.add(toCartItem(product))
    } catch (error) {
      if (!isSessionError(error, 'invalid')) throw error
      return sendShop(req, res, { notice: 'A cart holds 10,000 of one thing at most.' })
    }
    res.redirect(303, '/')
  })

  router.post('/page/quantity', async (req, res) => {
    const { itemId, quantity: wanted } = readBody(req, quantitySchema)
    const session = await getSession(req)
    try {
      await session.cart.setQuantity(itemId, wanted)
    } catch (error) {
      if (!isSessionError(error, 'not_found')) throw error
      return sendShop(req, res, { notice: 'That was out of the cart already.' })
    }
    res.redirect(303, '/')
  })

  router.post('/page/clear', async (req, res) => {
    await (await getSession(req)).cart.clear()
    res.redirect(303, '/')
  })

  router.post('/page/checkout', async (req, res) => {
    const { seen } = readBody(req, checkoutSchema)
    const session = await getSession(req)
    const cart = await session.cart.get()
    if (cart.items.length > 0 && markOf(cart) !== seen) {
      const notice = 'Your cart has changed meanwhile. Look again before you order; nothing was ordered.'
      return sendShop(req, res, { notice })
    }
    try {
      // Lines have ids of their own, so what was seen is one cart: sent twice, it is one order.
      const changeId = createHash('sha256').update(seen).digest('base64url')
      const { id } = await session.cart.checkout({ changeId })
      res.redirect(303, `/orders/${id}`)
    } catch (error) {
      if (!isSessionError(error, 'invalid')) throw error
      await sendShop(req, res, { notice: 'There is nothing to order.' })
    }
  })

  router.get('/orders/:id', async (req, res) => {
    const orders = (await (await findSession(req))?.orders()) ?? []
    const order = orders.find(({ id }) => id === req.params.id)
    if (order === undefined) sendPage(res, troublePage(404), 404)
    else sendPage(res, orderPage(order))
  })

  router.post('/page/preferences', async (req, res) => {
    const words = readBody(req, wordsSchema)
    const brands = words.preferred_brands
      .split(',')
      .map((brand) => brand.trim())
      .filter((brand) => brand !== '')
    const wanted: JsonObject = {
      budget_range: words.budget_range.trim() || null,
      preferred_brands: brands.length === 0 ? null : brands,
      device_type: words.device_type.trim() || null,
    }
    try {
      parseWith(preferencesSchema, wanted, '')
    } catch (error) {
      if (!isSessionError(error, 'invalid')) throw error
      const said = error.message
        .replace(/^budget_range:/, 'the budget')
        .replace(/^preferred_brands\[\d+\]:/, 'each brand')
        .replace(/^preferred_brands:/, 'the brands')
      return sendShop(req, res, { notice: `Not saved: ${said}.` })
    }
    await (await getSession(req)).preferences.merge(wanted)
    res.redirect(303, '/')
  })

  router.get('/page/new', (_req, res) => sendPage(res, newPage()))

  router.post('/page/new', async (req, res) => {
    const session = await findSession(req)
    await session?.reset()
    await session?.state.merge({ shopping: null })
    res.redirect(303, '/')
  })

  return router
}

async function sendShop(
  req: Request,
  res: Response,
  more: Pick<ShopPage, 'notice' | 'question'> = {},
): Promise<void> {
  sendPage(res, shopPage({ ...(await readShop(await findSession(req))), ...more }))
}

async function readShop(session: Session | undefined): Promise<ShopPage> {
  if (session === undefined) {
    return { sessionId: undefined, messages: [], shown: [], cart: { items: [] }, orders: [], preferences: {} }
  }
  const [{ state, preferences, cart }, { messages }, orders] = await Promise.all([
    session.read(),
    session.history({ limit: 100 }),
    session.orders(),
  ])
  const shown = messages.length === 0 ? [] : findProducts(readConversation(state).shown)
  return { sessionId: session.id, messages, shown, cart, orders, preferences }
}

function sendPage(res: Response, text: string, status = 200): void {
  res.status(status).set('Cache-Control', 'no-store').type('html').send(text)
}

/** Answers people, who look at these paths, with a page. */
export function troubled(onError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (!isForPeople(req)) return next(error)
    const { status } = toFailure(error)
    if (status >= 500) onError(error)
    if (res.headersSent) next(error)
    else sendPage(res, troublePage(status), status)
  }
}

/** A page of the shop; elsewhere what a browser opens by its address, which asks for a page before anything else. */
function isForPeople(req: Request): boolean {
  if (/^\/(?:$|(?:page|orders)(?:\/|$))/.test(req.path)) return true
  return !/^\/(?:api|inspector)(?:\/|$)/.test(req.path) && req.accepts(['json', 'html']) === 'html'
}
