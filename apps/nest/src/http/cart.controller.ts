import type { ServerResponse } from 'node:http'
import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common'
import { isSessionError, type Session } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { RequestSession, type SessionsRequest } from '@sessions/nest'
import { z } from 'zod'
import { findProduct } from '../catalogue.js'
import { execute } from '../execution.js'
import { type CartPage, cartPage, markOf, noCartPage, orderPage } from '../pages/cart-pages.js'
import { pathOf, troublePage } from '../pages/page.js'
import { ToolRegistry } from '../tools/tool-registry.js'
import { seeOther, sendPage, visitShop } from './page-visitor.js'

const shop = z.string().max(100).optional()
const quantity = z.coerce.number().int()
const quantitySchema = z.object({
  shop,
  itemId: z.string().min(1).max(200),
  quantity: quantity.min(0).max(10_000),
})
const newSchema = z.object({ shop })
const addSchema = z.object({ shop, sku: z.string().min(1).max(200), quantity: quantity.min(1).max(10_000) })
const checkoutSchema = z.object({ shop, key: z.uuid(), seen: z.string().max(60_000) })

/** The cart of a device, where its user orders. Each change is a form that leads back to the cart, without JavaScript. */
@Controller('cart')
export class CartController {
  readonly #tools: ToolRegistry

  constructor(@Inject(ToolRegistry) tools: ToolRegistry) {
    this.#tools = tools
  }

  @Get()
  async show(
    @Query() query: Record<string, unknown>,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const merchant = visitShop(req, query['shop'])
    const session = await request.find()
    if (session === undefined) return sendPage(res, noCartPage(merchant))
    const product = findProduct(String(query['removed']), merchant)
    const taken = Number(query['quantity'])
    const removed =
      product !== undefined && Number.isInteger(taken) && taken > 0
        ? { sku: product.sku, name: product.name, quantity: Math.min(taken, 10_000) }
        : undefined
    await sendCart(res, session, { shop: merchant, hasArrived: query['arrived'] === 'yes', removed })
  }

  @Post('quantity')
  async change(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const given = parseWith(quantitySchema, body, '')
    const merchant = visitShop(req, given.shop)
    const session = await request.find()
    if (session === undefined) return sendPage(res, noCartPage(merchant))
    const line = (await session.cart.get()).items.find(({ id }) => id === given.itemId)
    try {
      await session.cart.setQuantity(given.itemId, given.quantity)
    } catch (error) {
      if (!isSessionError(error, 'not_found')) throw error
      return sendCart(res, session, { shop: merchant, error: 'That was out of the cart already.' })
    }
    const removed =
      given.quantity > 0 || line === undefined ? {} : { removed: line.sku, quantity: String(line.quantity) }
    // The page goes on where it was.
    const where = given.quantity > 0 ? `#line-${given.itemId}` : ''
    seeOther(res, pathOf('/cart', merchant, removed) + where)
  }

  /** Begins a session where there is none, and none in place of one that has gone on on another device. */
  @Post('add')
  async add(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const { sku, quantity: wanted, ...given } = parseWith(addSchema, body, '')
    const merchant = visitShop(req, given.shop)
    const product = findProduct(sku, merchant)
    if (product === undefined) return sendPage(res, troublePage(404), 404)
    const { name, price, merchantId } = product
    try {
      const { cart } = await request.get()
      await cart.add({ sku, name, price, quantity: wanted, metadata: { merchantId } })
    } catch (error) {
      if (isSessionError(error, 'not_found')) return sendPage(res, noCartPage(merchant))
      const session = isSessionError(error, 'invalid') ? await request.find() : undefined
      if (session === undefined) throw error
      return sendCart(res, session, { shop: merchant, error: 'A cart holds 10,000 of one thing at most.' })
    }
    seeOther(res, pathOf('/cart', merchant))
  }

  /** A new cart, because a person has said so. */
  @Post('new')
  async begin(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const given = parseWith(newSchema, body ?? {}, '')
    const merchant = visitShop(req, given.shop)
    const session = await request.renew()
    await session.store()
    seeOther(res, pathOf('/cart', merchant))
  }

  /** Orders what its user has seen, once however often the button is pressed. */
  @Post('checkout')
  async checkout(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const { key, seen, ...given } = parseWith(checkoutSchema, body, '')
    const merchant = visitShop(req, given.shop)
    const session = await request.find()
    if (session === undefined) return sendPage(res, noCartPage(merchant))
    const cart = await session.cart.get()
    if (cart.items.length > 0 && markOf(cart) !== seen) {
      const error =
        'Your cart has changed on another device. Look again before you order; nothing was ordered.'
      return sendCart(res, session, { shop: merchant, error })
    }
    try {
      // As a call of the tool, so that it stands in the history for whoever goes on with the conversation.
      const tool = this.#tools.find('checkout')!
      const { output } = await execute(session, tool, {}, { key, signal: new AbortController().signal })
      seeOther(res, pathOf(`/cart/orders/${z.string().parse(output['orderId'])}`, merchant))
    } catch (error) {
      if (!isSessionError(error, 'invalid')) throw error
      await sendCart(res, session, { shop: merchant, error: 'There is nothing to order.' })
    }
  }

  @Get('orders/:id')
  async order(
    @Param('id') id: string,
    @Query('shop') named: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const merchant = visitShop(req, named)
    const session = await request.find()
    if (session === undefined) return sendPage(res, noCartPage(merchant))
    const order = (await session.orders()).find((each) => each.id === id)
    if (order === undefined) sendPage(res, troublePage(404), 404)
    else sendPage(res, orderPage(order, merchant))
  }
}

async function sendCart(
  res: ServerResponse,
  session: Session,
  more: Omit<CartPage, 'cart' | 'orders'>,
): Promise<void> {
  const [cart, orders] = await Promise.all([session.cart.get(), session.orders()])
  sendPage(res, cartPage({ ...more, cart, orders }))
}
