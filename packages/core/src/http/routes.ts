import type { SessionApiOptions } from './api-options.js'
import type { Route } from './route.js'
import { analyticsRoutes } from './routes/analytics-routes.js'
import { auditRoutes } from './routes/audit-routes.js'
import { cartRoutes } from './routes/cart-routes.js'
import { stateRoutes } from './routes/state-routes.js'
import { branchRoutes } from './routes/branch-routes.js'
import { watchRoutes } from './routes/watch-routes.js'
import { messageChangeRoutes } from './routes/message-change-routes.js'
import { memoryRoutes } from './routes/memory-routes.js'
import { messageRoutes } from './routes/message-routes.js'
import { importRoutes } from './routes/import-routes.js'
import { exportRoutes } from './routes/export-routes.js'
import { searchRoutes } from './routes/search-routes.js'
import { sessionRoutes } from './routes/session-routes.js'
import { transferRoutes } from './routes/transfer-routes.js'
import { turnRoutes } from './routes/turn-routes.js'
import { usageRoutes } from './routes/usage-routes.js'
import { userRoutes } from './routes/user-routes.js'

/**
 * Every route of the API with these options: a route that calls the model needs `respond`, `extend` needs `clientTtl`,
 * what users may do with their data needs `userRoutes`, an import `importRoute`, the audit `auditRoutes`, the usage
 * `usageRoutes`, the analytics `analyticsRoutes`, and a search `searchRoutes`.
 */
export function routesOf(
  options: Pick<
    SessionApiOptions,
    | 'respond'
    | 'clientTtl'
    | 'userRoutes'
    | 'importRoute'
    | 'auditRoutes'
    | 'usageRoutes'
    | 'analyticsRoutes'
    | 'searchRoutes'
  >,
): readonly Route[] {
  const imports = options.importRoute === undefined || options.importRoute === false ? [] : importRoutes
  return [
    // Before the session whose id is in the path.
    ...imports,
    ...sessionRoutes.filter(
      ({ operation }) => options.clientTtl !== undefined || operation !== 'extendSession',
    ),
    ...messageRoutes,
    ...messageChangeRoutes,
    ...turnRoutes.filter(({ operation }) => options.respond !== undefined || operation !== 'sendMessage'),
    ...exportRoutes.filter(({ operation }) => options.userRoutes === true || operation !== 'exportUser'),
    ...watchRoutes,
    ...branchRoutes,
    ...stateRoutes,
    ...cartRoutes,
    ...transferRoutes,
    ...(options.userRoutes === true ? [...userRoutes, ...memoryRoutes] : []),
    ...(options.auditRoutes === true ? auditRoutes : []),
    ...(options.usageRoutes === true ? usageRoutes : []),
    ...(options.analyticsRoutes === true ? analyticsRoutes : []),
    ...(options.searchRoutes === true ? searchRoutes : []),
  ]
}
