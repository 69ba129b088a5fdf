import { type DynamicModule, Module } from '@nestjs/common'
import type { Sessions, SessionStore } from '@sessions/core'
import { APP_FILTER, APP_GUARD } from '@nestjs/core'
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler'
import { platformRequestOf, SessionsModule } from '@sessions/nest'
import { assistantRole, type Callers } from './caller.js'
import { CartController } from './http/cart.controller.js'
import { callersToken, ContinueController } from './http/continue.controller.js'
import { ExecuteController } from './http/execute.controller.js'
import { HomeController } from './http/home.controller.js'
import { InspectorController, storeToken } from './http/inspector.controller.js'
import { ProblemFilter } from './http/problem.filter.js'
import { TurnsController } from './http/turns.controller.js'
import { UsageController } from './http/usage.controller.js'
import { ToolRegistry } from './tools/tool-registry.js'
import { Usage } from './usage.js'

export interface GatewayParts {
  readonly sessions: Sessions
  /** Where they are, for the inspector. */
  readonly store: SessionStore
  readonly callers: Callers
  readonly tools: ToolRegistry
  readonly usage: Usage
  readonly requestsPerMinute: number
  /** Closes the sessions, then their store. */
  readonly close: () => Promise<void>
  readonly onError: (error: unknown) => void
}

const dayMs = 24 * 3_600_000

@Module({})
export class GatewayModule {
  static with(parts: GatewayParts): DynamicModule {
    const { sessions, store, callers, tools, usage, requestsPerMinute, close, onError } = parts
    return {
      module: GatewayModule,
      imports: [
        ThrottlerModule.forRoot({
          throttlers: [{ ttl: 60_000, limit: requestsPerMinute }],
          // All that one address asks for counts together, whatever the route.
          generateKey: (_context, address) => address,
        }),
        SessionsModule.forRoot({
          sessions,
          close,
          // Assistants keep no cookies, and phones keep no headers.
          header: true,
          identify: (request) => callers.identify(request),
          api: {
            prefix: '/v1',
            clientRoles: ({ roles = [] }) =>
              ['admin', assistantRole].some((role) => roles.includes(role))
                ? ['user', 'assistant']
                : ['user'],
            // Consent, export and erasure, for users and for the admin.
            userRoutes: true,
            // `ttl` of a creation, and `extend`.
            clientTtl: { maxIdleMs: 7 * dayMs },
            limitKey: (request, identity) => callers.limitKeyOf(platformRequestOf(request), identity),
            audienceOf: (request) => callers.assistantOf(platformRequestOf(request)),
            onError,
          },
        }),
      ],
      controllers: [
        ExecuteController,
        TurnsController,
        UsageController,
        ContinueController,
        CartController,
        HomeController,
        InspectorController,
      ],
      providers: [
        { provide: APP_GUARD, useClass: ThrottlerGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: callersToken, useValue: callers },
        { provide: ToolRegistry, useValue: tools },
        { provide: Usage, useValue: usage },
        { provide: storeToken, useValue: store },
      ],
    }
  }
}
