import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from '@nestjs/common'
import type { Identity, Sessions, SessionsOptions, SessionWarning } from '@sessions/core'
import type { SessionApi, SessionApiOptions } from '@sessions/core/http'
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

/** What a module needs: a service, who is asking, and how a credential travels. */
export interface SessionsModuleOptions extends TransportOptions {
  /** Origins whose pages may send unsafe requests with cookies, beside our own (default: none). */
  trustedOrigins?: readonly string[]
  /** The service, lent (default: one is made of `service`). */
  sessions?: Sessions
  /** What `createSessions` is given when no `sessions` are lent (default: nothing, so they live in memory). */
  service?: SessionsOptions
  // A method, so that it may be written for the platform's own request.
  /**
   * Who is asking, from what your application has verified, never from what the client merely claims. Runs when the
   * session is first asked for, once a request. What it throws is the answer, an `UnauthorizedException` for one
   * (default: everybody is an anonymous caller of the tenant `default`; of a feature: as the root module has it).
   */
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
  /**
   * Runs when the application has shut down, and the service is closed, or has settled where `sessions` was handed in:
   * lets go of what you opened for the store (default: nothing runs).
   */
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

/** What `forRoot` takes. Every option may be left out. */
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
  /** What `useFactory` is called with (default: nothing). */
  inject?: (InjectionToken | OptionalFactoryDependency)[]
  // A method, so that its parameters may be what `inject` gives.
  /** Makes the options (default: one of the two others does). */
  useFactory?(...dependencies: never[]): SessionsModuleOptions | Promise<SessionsModuleOptions>
  /** A class that makes the options; Nest makes the class (default: one of the two others does). */
  useClass?: Type<SessionsOptionsFactory>
  /** A provider that is there and makes the options (default: one of the two others does). */
  useExisting?: InjectionToken<SessionsOptionsFactory>
}

/** What `forRootAsync` takes. */
export interface SessionsRootAsyncOptions extends SessionsAsyncOptions {
  /** Whether all modules can inject the service without importing this one (default true). */
  isGlobal?: boolean
}
