import { type DynamicModule, Global, Inject, Module, type OnModuleInit, type Provider } from '@nestjs/common'
import { ApplicationConfig, HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { SessionError, type Sessions } from '@sessions/core'
import { mountApi } from './mount-api.js'
import { MountedApi } from './mounted-api.js'
import type { SessionsRequest } from './platform.js'
import { RequestSessions } from './request-sessions.js'
import { SessionProblemFilter } from './session-problem.filter.js'
import type {
  SessionsAsyncOptions,
  SessionsFeatureOptions,
  SessionsModuleOptions,
  SessionsOptionsFactory,
  SessionsRootAsyncOptions,
  SessionsRootOptions,
} from './sessions-options.js'
import { controllerOf } from './sessions.controller.js'
import { SessionsService, sessionsOf } from './sessions-service.js'
import { defaultName, getSessionsOptionsToken, getSessionsToken, parseName } from './sessions-tokens.js'
import { SessionsGuard } from './sessions.guard.js'

const servicePrefix = 'sessions-service:'

/** Exists once in an application, however many services it has. */
@Global()
@Module({
  providers: [RequestSessions, SessionsGuard],
  exports: [RequestSessions, SessionsGuard],
})
export class SessionsRequestsModule implements OnModuleInit {
  @Inject(ModulesContainer) private readonly modules!: ModulesContainer

  /** @throws `invalid` for a service that Nest would make anew with each request, and so close never. */
  onModuleInit(): void {
    for (const { providers } of this.modules.values()) {
      for (const [token, provider] of providers) {
        if (!String(token).startsWith(servicePrefix) || provider.isDependencyTreeStatic()) continue
        throw new SessionError(
          'invalid',
          'The options of SessionsModule depend on a provider that is made for each request, such as REQUEST: inject others. What differs from request to request is for `identify`, which gets the request.',
          { path: 'inject' },
        )
      }
    }
  }
}

/** Sessions as a module: the service to inject, decorators for handlers, the HTTP API. */
@Module({})
export class SessionsModule {
  /**
   * The service of the application. It works without options: in memory, with anonymous callers, in one tenant.
   *
   * @example
   * ```ts
   * import { Module } from '@nestjs/common'
   * import { memoryStore } from '@sessions/core'
   * import { SessionsModule } from '@sessions/nest'
   *
   * @Module({
   *   imports: [
   *     SessionsModule.forRoot({
   *       service: { store: memoryStore(), credentialSecrets: [process.env['SESSION_SECRET']!] },
   *       identify: (req) => ({ tenantId: 'acme', userId: req.user as string | undefined }),
   *     }),
   *   ],
   * })
   * class AppModule {}
   * ```
   */
  static forRoot(options: SessionsRootOptions = {}): DynamicModule {
    const { isGlobal = true, ...others } = options
    return moduleOf(defaultName, given(others), isGlobal)
  }

  /** As `forRoot`, with options from `useFactory` (and `inject`), `useClass` or `useExisting`. @throws `invalid` */
  static forRootAsync(options: SessionsRootAsyncOptions): DynamicModule {
    const { isGlobal = true, ...others } = options
    return moduleOf(defaultName, others, isGlobal)
  }

  /**
   * Another service in the same application, injected by `@InjectSessions(name)` in modules that import this one.
   * Its cookie is `sessions-<name>`; `identify` is that of the root module unless it has its own.
   *
   * @param name Letters, digits, `-` and `_`; each name once in an application.
   * @throws `invalid` for another name.
   */
  static forFeature(name: string, options: SessionsFeatureOptions = {}): DynamicModule {
    return moduleOf(parseName(name), given(options), false)
  }

  /** As `forFeature`, with options from `useFactory` (and `inject`), `useClass` or `useExisting`. @throws `invalid` */
  static forFeatureAsync(name: string, options: SessionsAsyncOptions): DynamicModule {
    return moduleOf(parseName(name), options, false)
  }
}

function given({
  controller,
  ...options
}: SessionsFeatureOptions): SessionsAsyncOptions & { hasApi: boolean } {
  return {
    ...(controller === undefined ? {} : { controller }),
    hasApi: options.api !== undefined,
    useFactory: () => options,
  }
}

function moduleOf(
  name: string,
  options: SessionsAsyncOptions & { hasApi?: boolean },
  isGlobal: boolean,
): DynamicModule {
  const controller = controllerOf(options.controller)
  const optionsToken = getSessionsOptionsToken(name)
  const serviceToken = servicePrefix + name
  return {
    module: SessionsModule,
    global: isGlobal,
    imports: [SessionsRequestsModule, ...(options.imports ?? [])],
    // The result of a factory is not known yet: without an `api` its controller has no routes.
    controllers: options.hasApi === false ? [] : [controller],
    providers: [
      ...optionsProviders(optionsToken, options),
      {
        provide: serviceToken,
        inject: [
          optionsToken,
          getSessionsToken(name),
          RequestSessions,
          ApplicationConfig,
          ModulesContainer,
          HttpAdapterHost,
        ],
        useFactory: (
          settings: SessionsModuleOptions,
          sessions: Partial<Sessions>,
          requests: RequestSessions,
          config: ApplicationConfig,
          modules: ModulesContainer,
          host: HttpAdapterHost,
        ) => {
          const otherwise = async (request: SessionsRequest) => requests.identifyAsRoot(request, name)
          const service = new SessionsService(name, settings, otherwise, sessions)
          requests.add(service)
          // Before Nest adds any `APP_FILTER`, because Nest calls the filter first that was bound last.
          const decides = name === defaultName || (requests.isFirst(service) && !hasRoot(modules))
          if (decides && settings.problems !== false) {
            config.useGlobalFilters(new SessionProblemFilter(host))
          }
          return service
        },
      },
      {
        provide: MountedApi,
        inject: [serviceToken, ApplicationConfig, ModulesContainer, HttpAdapterHost],
        useFactory: (
          service: SessionsService,
          config: ApplicationConfig,
          modules: ModulesContainer,
          host: HttpAdapterHost,
        ) => {
          const api = service.api()
          if (api === undefined) return undefined
          const mounted = new MountedApi(api, () => outerPaths(config, modules))
          mountApi(host, controller, mounted)
          return mounted
        },
      },
      {
        // A testing module may put another one in its place, which then counts for requests and the API, too.
        provide: getSessionsToken(name),
        inject: [optionsToken],
        useFactory: sessionsOf,
      },
    ],
    exports: [getSessionsToken(name), optionsToken],
  }
}

/** Whether an application has a service that decides for all of it. */
function hasRoot(modules: ModulesContainer): boolean {
  return [...modules.values()].some(({ providers }) => providers.has(servicePrefix + defaultName))
}

/** What may stand before the path of an API: the global prefix, unless it is excluded, and the path of `RouterModule`. */
function outerPaths(config: ApplicationConfig, { applicationId }: ModulesContainer): readonly string[] {
  // Where `RouterModule` keeps the path of a module.
  const key = `__module_path__${applicationId}`
  const ownPath = (Reflect.getMetadata(key, SessionsModule) as string | undefined) ?? ''
  return [`${config.getGlobalPrefix()}/${ownPath}`, ownPath]
}

function optionsProviders(token: string, options: SessionsAsyncOptions): Provider[] {
  const { useClass, useExisting, inject = [] } = options
  if (options.useFactory !== undefined) {
    return [{ provide: token, inject, useFactory: (...given: never[]) => options.useFactory!(...given) }]
  }
  const maker = useExisting ?? useClass
  if (maker === undefined) {
    throw new SessionError('invalid', 'one of useFactory, useClass and useExisting must be given')
  }
  const made: Provider = {
    provide: token,
    inject: [maker],
    useFactory: (factory: SessionsOptionsFactory) => factory.createSessionsOptions(),
  }
  return useExisting === undefined && useClass !== undefined ? [useClass, made] : [made]
}
