import { toRouteHandlers } from '@sessions/next'
import { openApi } from '../../../server/api.ts'

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = toRouteHandlers(openApi)
