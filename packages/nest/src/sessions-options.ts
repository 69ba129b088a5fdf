import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common'
import type {
  Identity,
  SessionApi,
  SessionApiOptions,
  Sessions,
  SessionsOptions,
  SessionWarning,
} from '@sessions/core'
import type { CarriageOptions } from '@sessions/core/node'

/** What requests of Express, of Fastify and of Node have in common. */
export interface SessionsRequest {
  readonly headers: IncomingHttpHeaders
  readonly method?: string | undefined
  readonly url?: string | undefined
  /** `https` over TLS, as far as the platform trusts its proxy. */
  readonly protocol?: string
  /** The address of the caller, as far as the platform trusts its proxy. */
  readonly ip?: string
  /** What a guard of yours has put there. The HTTP API is answered before any guard runs. */
  readonly user?: unknown
  /** Node's own request, on Fastify. */
  readonly raw?: IncomingMessage
}

/** As for `createSessionApi`, which gets the rest from the module. */
export interface SessionsApiOptions extends Omit<
  SessionApiOptions,
  'sessions' | 'identify' | 'basePath' | 'cookie' | 'header'
> {
  /** All that comes before `/sessions` in the path, such as `/v1`; a global prefix is not added (default: nothing). */
  prefix?: string
}

export interface SessionsModuleOptions extends CarriageOptions {
  /** The service, lent (default: one is made of `service`). */
  sessions?: Sessions
  /** What `createSessions` is given when no `sessions` are lent (default: nothing, so they live in memory). */
  service?: SessionsOptions
  /**
   * Who is asking, from what your application has verified, never from what the client merely claims. Runs when the
   * session is first asked for, once a request. What it throws is the answer, an `UnauthorizedException` for one
   * (default: everybody is an anonymous caller of the tenant `default`; of a feature: as the root module has it).
   */
  // A method, so that it may be written for the platform's own request.
  identify?(request: SessionsRequest): Identity | Promise<Identity>
  /** Mounts the whole HTTP API, before any body parser: its options, or an API of your own (default: there is none). */
  api?: SessionsApiOptions | SessionApi
  /** Runs when the application has shut down and the service has settled: lets go of what you opened for the store. */
  close?: () => void | Promise<void>
  /** Told when a cookie could not be set because the request was insecure (default: Nest's logger, once). */
  onWarning?: (warning: SessionWarning) => void
}

export interface SessionsRootOptions extends SessionsModuleOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}

/** Makes the options, as a provider. */
export interface SessionsOptionsFactory {
  createSessionsOptions(): SessionsModuleOptions | Promise<SessionsModuleOptions>
}

/** One of `useFactory`, `useClass` and `useExisting`. */
export interface SessionsAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** What `useFactory` is called with. */
  inject?: (InjectionToken | OptionalFactoryDependency)[]
  // A method, so that its parameters may be what `inject` gives.
  useFactory?(...dependencies: never[]): SessionsModuleOptions | Promise<SessionsModuleOptions>
  useClass?: Type<SessionsOptionsFactory>
  useExisting?: InjectionToken<SessionsOptionsFactory>
}

export interface SessionsRootAsyncOptions extends SessionsAsyncOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}
