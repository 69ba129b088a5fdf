import { readFileSync } from 'node:fs'

// Serves a worker by Cloudflare's runtime, until it is ended. Its program has the name of a bundle.
const [, , miniflare, path] = process.argv
const { Miniflare } = await import(miniflare)
const worker = new Miniflare({
  host: '127.0.0.1',
  port: 0,
  compatibilityDate: '2026-01-01',
  modules: true,
  script: `${readFileSync(path, 'utf8')}\nexport default { fetch: bundled.fetch }\n`,
})
console.log((await worker.ready).origin)
