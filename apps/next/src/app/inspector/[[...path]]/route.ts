import { inspect } from '../../../server/inspector.ts'

export const GET = inspect
