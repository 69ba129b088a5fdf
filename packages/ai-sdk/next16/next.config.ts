import type { NextConfig } from 'next'

const config: NextConfig = {
  // It is built for one run of the tests: neither its size nor its next build matters.
  experimental: {
    turbopackMinify: false,
    turbopackSourceMaps: false,
    turbopackFileSystemCacheForBuild: false,
  },
  typescript: { ignoreBuildErrors: true },
}

export default config
