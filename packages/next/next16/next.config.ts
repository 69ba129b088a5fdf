import type { NextConfig } from 'next'

const config: NextConfig = {
  cacheComponents: true,
  partialPrefetching: true,
  distDir: process.env['NEXT_DIST_DIR'] ?? '.next',
  cacheHandlers: { default: new URL('./cache-handler.mjs', import.meta.url).pathname },
  // It is built for one run of the tests: neither its size nor its next build matters.
  experimental: {
    turbopackMinify: false,
    turbopackSourceMaps: false,
    turbopackFileSystemCacheForBuild: false,
    turbopackFileSystemCacheForDev: false,
  },
  // Types are checked by a task of their own.
  typescript: { ignoreBuildErrors: true },
}

export default config
