import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // Titles and icons stand in the head for everybody: also browsers without script look for them there alone.
  htmlLimitedBots: /.*/,
  // To write the cache takes longer than a build with it saves.
  experimental: { turbopackFileSystemCacheForBuild: false },
  // Types are checked by a task of their own, tests and all.
  typescript: { ignoreBuildErrors: true },
}

export default config
