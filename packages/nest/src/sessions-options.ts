import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common'
import type {
  Identity,
  SessionApi,
  SessionApiOptions,
  Sessions,
  SessionsOptions,
  SessionWarning,
} from '@sessions/core'
import type { TransportOptions } from '@sessions/core/node'
import type { SessionsRequest } from './platform.js'
import type { SessionsController } from './sessions.controller.js'

/** As for `createSessionApi`, which gets the rest from the module. */
export interface SessionsApiOptions extends Omit<
  SessionApiOptions,
  'sessions' | 'identify' | 'basePath' | 'cookie' | 'header'
> {
  /** What comes before `/sessions` in the path, such as `/v1`, after a global prefix if there is one (default: nothing). */
  prefix?: string
}

export interface SessionsModuleOptions extends TransportOptions {
  /** Origins whose pages may send unsafe requests with cookies, beside our own (default: none). */
  trustedOrigins?: readonly string[]
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
  /**
   * Mounts the whole HTTP API as a controller, behind your guards and interceptors: its options, or an API of your own
   * (default: there is none).
   */
  api?: SessionsApiOptions | SessionApi
  /**
   * Answers a `SessionError` that a handler lets go of as its problem, where no filter of yours takes it; `forRoot`
   * decides for the whole application (default true; with false it is Nest's 500).
   */
  problems?: boolean
  /** Runs when the application has shut down and the service has settled: lets go of what you opened for the store. */
  close?: () => void | Promise<void>
  /** Told when a cookie could not be set because the request was insecure (default: Nest's logger, once). */
  onWarning?: (warning: SessionWarning) => void
}

/** What has to be known before any option is. */
export interface SessionsControllerOptions {
  /** A class of yours that extends `SessionsController`, with decorators for the HTTP API (default: there are none). */
  controller?: Type<SessionsController>
}

/** What `forFeature` takes. */
export interface SessionsFeatureOptions extends SessionsModuleOptions, SessionsControllerOptions {}

export interface SessionsRootOptions extends SessionsFeatureOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}

/** Makes the options, as a provider. */
export interface SessionsOptionsFactory {
  createSessionsOptions(): SessionsModuleOptions | Promise<SessionsModuleOptions>
}

/** One of `useFactory`, `useClass` and `useExisting`. */
export interface SessionsAsyncOptions extends Pick<ModuleMetadata, 'imports'>, SessionsControllerOptions {
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
