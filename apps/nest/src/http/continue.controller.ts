import { Body, Controller, Get, Header, HttpCode, Inject, Post, Query, Req } from '@nestjs/common'
import { isSessionError, type Sessions } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { InjectSessions, RequestSession, type SessionsRequest } from '@sessions/nest'
import { z } from 'zod'
import type { Callers } from '../caller.js'
import { findMerchant } from '../merchants.js'
import { codePage, confirmPage, donePage, occupiedPage, waitingPage } from '../pages/continue-pages.js'

const shop = z.string().max(100).optional()
const codeSchema = z.object({ code: z.string().max(20), shop })
const redeemSchema = codeSchema.extend({
  replace: z.literal('yes').optional(),
  redemptionId: z.string().min(16).max(200).optional(),
})

export const callersToken = 'callers'

/** The page of the phone. Opening it does nothing; without JavaScript, a form does the same as the script. */
@Controller('continue')
export class ContinueController {
  readonly #sessions: Sessions
  readonly #callers: Callers

  constructor(@InjectSessions() sessions: Sessions, @Inject(callersToken) callers: Callers) {
    this.#sessions = sessions
    this.#callers = callers
  }

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  show(@Query('shop') shop: unknown): string {
    return codePage(findMerchant(shop)?.id)
  }

  /** Shows what a code opens, and redeems nothing. */
  @Post()
  @HttpCode(200)
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  async describe(@Body() body: unknown, @Req() req: SessionsRequest): Promise<string> {
    const { code, shop: given } = parseWith(codeSchema, body, '')
    const merchant = findMerchant(given)?.id
    return told(merchant, async () => {
      const { mine, ...asking } = this.#asVisitor(req, merchant)
      const key = { shortCode: code, audience: 'phone', ...asking }
      return confirmPage({ code, shop: merchant }, await mine.describeTransfer(key))
    })
  }

  @Post('redeem')
  @HttpCode(200)
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  async redeem(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @RequestSession() request: RequestSession,
  ): Promise<string> {
    const { code, shop: given, replace, redemptionId } = parseWith(redeemSchema, body, '')
    const merchant = findMerchant(given)?.id
    const asked = { code, shop: merchant }
    return told(merchant, async () => {
      const { mine, ...asking } = this.#asVisitor(req, merchant)
      const redemption = await mine.redeem({
        ...asking,
        shortCode: code,
        audience: 'phone',
        holding: await request.find(),
        replace: replace !== undefined,
        ...(redemptionId === undefined ? {} : { redemptionId }),
      })
      if (redemption.status === 'occupied') return occupiedPage(asked, redemption)
      if (redemption.status === 'pending') return waitingPage(asked, redemption)
      const { session, credential, returnTo } = redemption
      await request.carry(session, credential)
      return donePage(await session.cart.get(), returnTo)
    })
  }

  /** A form cannot send the header that names the shop, so it has a field. */
  #asVisitor(req: SessionsRequest, merchant: string | undefined) {
    if (merchant !== undefined) req.headers['x-merchant'] = merchant
    const identity = this.#callers.identify(req)
    return {
      mine: this.#sessions.for(identity),
      caller: this.#callers.limitKeyOf(req, identity),
      device: req.headers['user-agent'],
    }
  }
}

/** A page, or the form again with the error of the code. */
async function told(shop: string | undefined, answer: () => Promise<string>): Promise<string> {
  try {
    return await answer()
  } catch (error) {
    if (isSessionError(error, 'not_found') || isSessionError(error, 'invalid')) {
      return codePage(shop, 'This code opens nothing: it was mistyped, used already, or is too old.')
    }
    if (isSessionError(error, 'limit_reached')) {
      return codePage(
        shop,
        'Too many wrong codes. Wait two minutes, and ask your other device for a new one.',
      )
    }
    throw error
  }
}
