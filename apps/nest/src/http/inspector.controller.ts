import type { IncomingMessage, ServerResponse } from 'node:http'
import { All, Controller, Inject, Req, Res } from '@nestjs/common'
import type { Sessions, SessionStore } from '@sessions/core'
import { toNodeHandler } from '@sessions/core/node'
import { createInspector } from '@sessions/inspector'
import { InjectSessions } from '@sessions/nest'
import { type Callers, marketplaceAdmin } from '../caller.js'
import { callersToken } from './continue.controller.js'

/** What the inspector looks at. */
export const storeToken = Symbol('store')

/** Pages for whoever has the admin's token: as a bearer token, or as the password of a browser's dialog. */
@Controller('inspector')
export class InspectorController {
  readonly #callers: Callers
  readonly #handle: ReturnType<typeof toNodeHandler>

  constructor(
    @InjectSessions() sessions: Sessions,
    @Inject(callersToken) callers: Callers,
    @Inject(storeToken) store: SessionStore,
  ) {
    this.#callers = callers
    const inspector = createInspector({ sessions, store, identify: () => marketplaceAdmin })
    this.#handle = toNodeHandler(inspector)
  }

  @All(['', '*path'])
  async show(@Req() req: IncomingMessage, @Res() res: ServerResponse): Promise<void> {
    if (this.#callers.isAdmin(passwordOf(req))) {
      await this.#handle(req, res)
      return
    }
    res.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Inspector", charset="UTF-8"' })
    res.end('Sign in first.')
  }
}

function passwordOf({ headers }: IncomingMessage): string {
  const [scheme, value = ''] = (headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic') return value
  return Buffer.from(value, 'base64')
    .toString()
    .replace(/^[^:]*:/, '')
}
