import { toRouteHandlers } from '@sessions/next'
import { lab } from '@/lib/lab'

export const { GET, POST } = toRouteHandlers(lab)
