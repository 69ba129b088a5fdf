import type { NextConfig } from 'next'

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  // Types are checked by a task of their own, tests and all.
  typescript: { ignoreBuildErrors: true },
}

export default config
