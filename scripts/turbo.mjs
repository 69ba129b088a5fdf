// Runs turbo with the pinned pnpm, wherever that pnpm is: node scripts/turbo.mjs run build
import { install, turbo } from './setup.mjs'

await install()
await turbo(process.argv.slice(2)).catch(() => process.exit(1))
