import type { ServerResponse } from 'node:http'
import { Body, Controller, Get, Header, HttpCode, Inject, Post, Query, Req, Res } from '@nestjs/common'
import { isSessionError, itemCount, type Sessions } from '@sessions/core'
import { parseWith } from '@sessions/core/node'
import { InjectSessions, RequestSession, type SessionsRequest } from '@sessions/nest'
import { z } from 'zod'
import type { Callers } from '../caller.js'
import { codePage, confirmPage, occupiedPage, waitingPage } from '../pages/continue-pages.js'
import { pathOf } from '../pages/page.js'
import { seeOther, sendPage, visitShop } from './page-visitor.js'

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
  async show(
    @Query('shop') named: unknown,
    @Req() req: SessionsRequest,
    @RequestSession() request: RequestSession,
  ): Promise<string> {
    const merchant = visitShop(req, named)
    const session = await request.find()
    const held = session === undefined ? 0 : itemCount(await session.cart.get())
    return codePage(merchant, { held })
  }

  /** Shows what a code opens, and redeems nothing. */
  @Post()
  @HttpCode(200)
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  async describe(@Body() body: unknown, @Req() req: SessionsRequest): Promise<string> {
    const { code, shop: given } = parseWith(codeSchema, body, '')
    const merchant = visitShop(req, given)
    return told(merchant, async () => {
      const { mine, ...asking } = this.#asVisitor(req)
      const key = { shortCode: code, audience: 'phone', ...asking }
      return confirmPage({ code, shop: merchant }, await mine.describeTransfer(key))
    })
  }

  @Post('redeem')
  async redeem(
    @Body() body: unknown,
    @Req() req: SessionsRequest,
    @Res() res: ServerResponse,
    @RequestSession() request: RequestSession,
  ): Promise<void> {
    const { code, shop: given, replace, redemptionId } = parseWith(redeemSchema, body, '')
    const merchant = visitShop(req, given)
    const asked = { code, shop: merchant }
    let goOn: string | undefined
    const text = await told(merchant, async () => {
      const { mine, ...asking } = this.#asVisitor(req)
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
      goOn = returnTo ?? pathOf('/cart', merchant, { arrived: 'yes' })
      return ''
    })
    if (goOn === undefined) sendPage(res, text)
    else seeOther(res, goOn)
  }

  #asVisitor(req: SessionsRequest) {
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
      return codePage(shop, {
        error: 'This code opens nothing: it was mistyped, used already, or is too old.',
      })
    }
    if (isSessionError(error, 'limit_reached')) {
      return codePage(shop, {
        error: 'Too many wrong codes. Wait two minutes, and ask your other device for a new one.',
      })
    }
    throw error
  }
}
